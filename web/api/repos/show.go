package repos

import (
	"context"
	"errors"

	"jeton/auth/access"
	"jeton/vcs/host"
	"jeton/vcs/storage"
	"jeton/web/api/given"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

// Repo is a repository as RhodeCode's API shows one.
type Repo struct {
	ID          string   `json:"repo_id" doc:"Its id: 26 letters and digits, which never change."`
	Name        string   `json:"repo_name" doc:"Its path, with the groups that it lies in."`
	Type        string   `json:"repo_type" doc:"Always git."`
	CloneURI    string   `json:"clone_uri" doc:"Where it is fetched from by pull, without credentials; empty for nowhere."`
	PushURI     string   `json:"push_uri" doc:"Empty: the server pushes to nowhere."`
	URL         string   `json:"url" doc:"Its address."`
	Private     bool     `json:"private" doc:"Only those see it who were given it."`
	Archived    bool     `json:"archived" doc:"It is read-only (Jeton's own)."`
	Created     string   `json:"created_on" doc:"When it was made: UTC, without a zone."`
	Description string   `json:"description"`
	Landing     []string `json:"landing_rev" doc:"Its default branch: branch and its name; rev and tip where there is none that may be told."`
	Owner       string   `json:"owner" doc:"User name of its owner."`
	ForkOf      *string  `json:"fork_of" doc:"Path of the repository that it was forked from; null for none that the caller sees."`
	Statistics  bool     `json:"enable_statistics" doc:"Always false: there are no statistics."`
	Locking     bool     `json:"enable_locking" doc:"Always false: fetching locks nothing, the method lock does."`
	Downloads   bool     `json:"enable_downloads" doc:"Archives are given out."`
	// Last is left out of lists, for which each repository would have to be opened.
	Last       *Changeset   `json:"last_changeset" doc:"The newest commit of the default branch; null in lists."`
	LockedBy   *person.User `json:"locked_by" doc:"Who alone may push; null where it is not locked."`
	LockedDate *string      `json:"locked_date" doc:"Since when: UTC, without a zone."`
	LockReason *string      `json:"lock_reason" doc:"lock_api: the method lock."`
}

// Detailed is a repository with who may do what with it and who watches it.
type Detailed struct {
	Repo
	Members     []given.Row   `json:"members" doc:"The same as permissions, for older clients."`
	Permissions []given.Row   `json:"permissions" doc:"Administrators, the owner, and who was given something on the repository itself."`
	Followers   []person.User `json:"followers" doc:"Whose journal shows the pushes to it."`
}

// show is a repository without its last commit, and without opening it.
func (s *server) show(ctx context.Context, c *method.Call, r access.Repository) (Repo, error) {
	out, err := s.showRow(ctx, c, r)
	if err != nil {
		return out, err
	}
	branch := s.o.Host.Default(r.ID)
	if branch == "" {
		return out, nil
	}
	laid, err := s.o.Host.Rules(ctx, r.ID)
	if err == nil && !laid.Hides("refs/heads/"+branch) {
		out.Landing = []string{"branch", branch}
	}
	return out, err
}

// showRow is what memory holds of a repository.
func (s *server) showRow(ctx context.Context, c *method.Call, r access.Repository) (Repo, error) {
	about, ok := s.o.Access.About(r.ID)
	if !ok {
		return Repo{}, host.ErrNotFound
	}
	laid, err := s.o.Host.Rules(ctx, r.ID)
	if err != nil {
		return Repo{}, err
	}
	owner, _ := s.o.Users.ByID(r.OwnerID)
	out := Repo{ID: r.ID, Name: r.Path, Type: "git", URL: c.URL + "/" + r.Path, Private: r.Private, Archived: r.Archived, Created: method.Time(about.CreatedAt),
		Description: about.Description, Landing: []string{"rev", "tip"}, Owner: owner.Name, Downloads: !laid.NoArchives}
	if parent, lives := s.o.Access.ByID(about.ForkOf); lives && c.Sees(parent.ID, access.Read) {
		out.ForkOf = &parent.Path
	}
	if s.o.Remotes != nil {
		out.CloneURI = s.o.Remotes.URI(r.ID)
	}
	if lock, locked := s.o.Access.LockOf(r.ID); locked {
		u, _ := s.o.Users.ByID(lock.UserID)
		by, since := person.Show(c, u), method.Time(lock.At)
		out.LockedBy, out.LockedDate, out.LockReason = &by, &since, &lock.Reason
	}
	return out, nil
}

// showWhole is a repository with its last commit.
func (s *server) showWhole(ctx context.Context, c *method.Call, r access.Repository, fresh bool) (Repo, error) {
	out, err := s.showRow(ctx, c, r)
	if err != nil {
		return out, gone(err, c)
	}
	last, err := s.last(ctx, r.ID, fresh)
	if err != nil {
		return out, gone(err, c)
	}
	out.Last = &last
	if last.Branch != "" {
		out.Landing = []string{"branch", last.Branch}
	}
	return out, nil
}

// isGone tells whether an error says that a repository was deleted meanwhile.
func isGone(err error) bool {
	for _, is := range []error{host.ErrNotFound, storage.ErrClosed, access.ErrNoRepository} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}
