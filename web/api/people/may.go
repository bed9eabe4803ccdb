package people

import (
	"context"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/web/api/given"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

// Summary is what a person may do.
type Summary struct {
	Global       []string          `json:"global" doc:"What holds for the whole server, in RhodeCode's words."`
	Repositories map[string]string `json:"repositories" doc:"By path, of those that the person sees."`
	Groups       map[string]string `json:"repositories_groups" doc:"By path, of those that the person sees."`
	UserGroups   map[string]string `json:"user_groups" doc:"By name, of those that the person sees."`
}

func (o Options) summary(u access.User) Summary {
	s := Summary{Global: o.global(u), Repositories: map[string]string{}, Groups: map[string]string{}, UserGroups: map[string]string{}}
	for _, r := range o.Repositories.Readable(u) {
		s.Repositories[r.Path] = given.Repository.Word(o.Repositories.Level(u, r))
	}
	for _, g := range o.Repositories.Groups() {
		if l := o.Repositories.LevelOfGroup(u, g); l > access.None {
			s.Groups[g.Path] = given.Group.Word(l)
		}
	}
	for _, g := range o.UserGroups.List() {
		if l := o.UserGroups.Level(u, g); l > access.None {
			s.UserGroups[g.Name] = given.UserGroup.Word(l)
		}
	}
	return s
}

// global is RhodeCode's words for what holds everywhere here.
func (o Options) global(u access.User) []string {
	if u.Admin {
		return []string{"hg.admin", "hg.create.repository", "hg.fork.repository", "hg.repogroup.create.true", "hg.usergroup.create.true"}
	}
	create := "hg.create.none"
	if o.Create == access.CreateAnyone {
		create = "hg.create.repository"
	}
	return []string{create, "hg.create.write_on_repogroup.true", "hg.extern_activate.auto", "hg.fork.repository", "hg.register.none",
		"hg.repogroup.create.false", "hg.usergroup.create.false", "group.none", "repository.none", "usergroup.none"}
}

// Locked is a repository that somebody has locked.
type Locked struct {
	ID          string      `json:"repo_id"`
	Name        string      `json:"repo_name"`
	Type        string      `json:"repo_type" doc:"Always git."`
	Private     bool        `json:"private"`
	Created     string      `json:"created_on" doc:"UTC, without a zone."`
	Description string      `json:"description"`
	Owner       string      `json:"owner" doc:"User name of its owner."`
	ForkOf      *string     `json:"fork_of" doc:"Path of the repository that it was forked from; null for none that the caller sees."`
	LockedBy    person.User `json:"locked_by" doc:"Who alone may push."`
	LockedDate  string      `json:"locked_date" doc:"Since when: UTC, without a zone."`
	LockReason  string      `json:"lock_reason" doc:"What brought it about."`
}

func (o Options) locks(_ context.Context, c *method.Call, _ personArgs) ([]Locked, error) {
	list := []Locked{}
	for _, l := range o.Repositories.Locks(c.Person.ID) {
		if !c.Sees(l.ID, access.Read) {
			continue
		}
		about, _ := o.Repositories.About(l.ID)
		owner, _ := o.Users.ByID(l.OwnerID)
		row := Locked{ID: l.ID, Name: l.Path, Type: "git", Private: l.Private, Created: method.Time(about.CreatedAt), Description: about.Description, Owner: owner.Name,
			LockedBy: person.Show(c, c.Person), LockedDate: method.Time(l.Lock.At), LockReason: l.Lock.Reason}
		if parent, ok := o.Repositories.ByID(about.ForkOf); ok && c.Sees(parent.ID, access.Read) {
			row.ForkOf = &parent.Path
		}
		list = append(list, row)
	}
	return list, nil
}

type logArgs struct {
	personArgs
	Limit int64 `arg:"limit,optional" default:"1000" max:"10000" doc:"How many entries at most."`
}

// Action is an entry of the audit record as RhodeCode's API shows one.
type Action struct {
	UserID     string  `json:"user_id"`
	Name       string  `json:"username" doc:"The user name at that time."`
	RepoID     *string `json:"repository_id" doc:"The repository that it was about; null for none that lives and that the caller sees."`
	Repository *string `json:"repository_name" doc:"Its path now."`
	Address    string  `json:"user_ip" doc:"Where it came from; empty where that is not known."`
	At         string  `json:"action_date" doc:"UTC, without a zone."`
	Action     string  `json:"action" doc:"What was asked, such as token.revoke."`
	Resource   string  `json:"resource" doc:"What it was about (Jeton's own)."`
	Outcome    string  `json:"outcome" doc:"done, or the code of a refusal (Jeton's own)."`
}

func (o Options) logs(ctx context.Context, c *method.Call, in logArgs) ([]Action, error) {
	entries, err := o.Record(ctx, audit.Query{UserID: c.Person.ID}, int(max(in.Limit, 1)))
	if err != nil {
		return nil, err
	}
	list := make([]Action, 0, len(entries))
	for _, e := range entries {
		seen := true
		if !c.Admin() {
			e, seen = gate.OwnEntry(e, o.decoy)
		}
		if !seen {
			continue
		}
		a := Action{UserID: e.UserID, Name: e.User, Address: e.Address, At: method.Time(e.At), Action: e.Action, Resource: e.Resource, Outcome: e.Outcome}
		if r, ok := o.Repositories.ByPath(e.Resource); ok && c.Sees(r.ID, access.Read) {
			a.RepoID, a.Repository = &r.ID, &r.Path
		}
		list = append(list, a)
	}
	return list, nil
}

// decoy tells whether a token is one.
func (o Options) decoy(id string) bool {
	t, _ := o.Tokens.ByID(id)
	return t.Decoy
}
