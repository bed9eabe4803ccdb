package hook

import "time"

// The shapes are those of GitHub's web hooks (its documentation, "Webhook events and payloads"), with what Jeton knows of each.

type githubUser struct {
	// Name and Email stand in a push's owner and pusher alone.
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
	Login   string `json:"login"`
	ID      int64  `json:"id"`
	JetonID string `json:"jeton_id"`
	NodeID  string `json:"node_id"`
	Type    string `json:"type"`
	Admin   bool   `json:"site_admin"`
}

func toGitHubUser(u Person) githubUser {
	return githubUser{Login: u.Name, ID: number(u.ID), JetonID: u.ID, NodeID: u.ID, Type: "User"}
}

type githubRepo struct {
	ID          int64      `json:"id"`
	JetonID     string     `json:"jeton_id"`
	NodeID      string     `json:"node_id"`
	Name        string     `json:"name"`
	FullName    string     `json:"full_name"`
	Private     bool       `json:"private"`
	Owner       githubUser `json:"owner"`
	HTMLURL     string     `json:"html_url"`
	Description *string    `json:"description"`
	Fork        bool       `json:"fork"`
	URL         string     `json:"url"`
	// CreatedAt and PushedAt are seconds since 1970 in a push, texts in all other events.
	CreatedAt     any       `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
	PushedAt      any       `json:"pushed_at"`
	SSHURL        string    `json:"ssh_url"`
	CloneURL      string    `json:"clone_url"`
	Archived      bool      `json:"archived"`
	Disabled      bool      `json:"disabled"`
	Visibility    string    `json:"visibility"`
	DefaultBranch string    `json:"default_branch"`
	MasterBranch  string    `json:"master_branch"`
}

func (p payload) githubRepo(r *Repo) any { return p.githubRepoOf(r) }

func (p payload) githubRepoOf(r *Repo) githubRepo {
	owner, name := r.split()
	page := p.at(r.Path)
	g := githubRepo{ID: number(r.ID), JetonID: r.ID, NodeID: r.ID, Name: name, FullName: r.Path, Private: r.Private, Owner: toGitHubUser(r.Owner),
		HTMLURL: page, URL: page, CloneURL: page + ".git", SSHURL: p.sshURL(r), Fork: r.Fork, Archived: r.Archived, Visibility: "public",
		DefaultBranch: r.DefaultBranch, MasterBranch: r.DefaultBranch, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: p.e.At, PushedAt: p.e.At}
	g.Owner.Login = owner
	if r.Private {
		g.Visibility = "private"
	}
	if r.Description != "" {
		g.Description = &r.Description
	}
	return g
}

type githubCommit struct {
	ID        string    `json:"id"`
	TreeID    string    `json:"tree_id"`
	Distinct  bool      `json:"distinct"`
	Message   string    `json:"message"`
	Timestamp time.Time `json:"timestamp"`
	URL       string    `json:"url"`
	Author    signature `json:"author"`
	Committer signature `json:"committer"`
	Added     []string  `json:"added"`
	Removed   []string  `json:"removed"`
	Modified  []string  `json:"modified"`
}

func (p payload) githubCommit(c *Commit) *githubCommit {
	if c == nil {
		return nil
	}
	return &githubCommit{ID: c.ID, TreeID: c.Tree, Distinct: true, Message: c.Message, Timestamp: c.At, URL: p.at(p.e.Repo.Path, "changeset", c.ID),
		Author: signed(c.Author), Committer: signed(c.Committer), Added: list(c.Added), Removed: list(c.Removed), Modified: list(c.Modified)}
}

type githubPush struct {
	Ref        string          `json:"ref"`
	Before     string          `json:"before"`
	After      string          `json:"after"`
	Repository githubRepo      `json:"repository"`
	Pusher     githubPusher    `json:"pusher"`
	Sender     githubUser      `json:"sender"`
	Created    bool            `json:"created"`
	Deleted    bool            `json:"deleted"`
	Forced     bool            `json:"forced"`
	BaseRef    *string         `json:"base_ref"`
	Compare    string          `json:"compare"`
	Commits    []*githubCommit `json:"commits"`
	HeadCommit *githubCommit   `json:"head_commit"`
	// Size is how many commits came; GitHub has it in its events alone.
	Size int `json:"size"`
}

type githubPusher struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// githubRef is a create or a delete.
type githubRef struct {
	Ref          string     `json:"ref"`
	RefType      string     `json:"ref_type"`
	MasterBranch string     `json:"master_branch,omitempty"`
	Description  *string    `json:"description,omitempty"`
	PusherType   string     `json:"pusher_type"`
	Repository   any        `json:"repository"`
	Sender       githubUser `json:"sender"`
}

// githubEvent is one about a repository, or a fork of it.
type githubEvent struct {
	Action     string     `json:"action,omitempty"`
	Changes    *change    `json:"changes,omitempty"`
	Forkee     any        `json:"forkee,omitempty"`
	Repository any        `json:"repository"`
	Sender     githubUser `json:"sender"`
}

// github is the event in GitHub's shape.
func (p payload) github() any {
	e := p.e
	sender := toGitHubUser(e.Sender)
	switch e.Kind {
	case Push, Tag:
		return p.githubPush()
	case Create, Delete:
		r := githubRef{Ref: short(e.Ref.Name), RefType: refType(e.Ref.Name), PusherType: "user", Repository: p.githubRepo(e.Repo), Sender: sender}
		if e.Kind == Create {
			r.MasterBranch, r.Description = e.Repo.DefaultBranch, &e.Repo.Description
		}
		return r
	case Repository:
		return githubEvent{Action: e.Action, Changes: p.changes(), Repository: p.githubRepo(e.Repo), Sender: sender}
	case Fork:
		return githubEvent{Forkee: p.githubRepo(e.Forkee), Repository: p.githubRepo(e.Repo), Sender: sender}
	case Decoy, Expiring:
		return p.token(p.githubRepo)
	}
	return p.ping(p.githubRepo, sender)
}

func (p payload) githubPush() githubPush {
	r, repo := p.e.Ref, p.githubRepoOf(p.e.Repo)
	repo.CreatedAt, repo.PushedAt = p.e.Repo.CreatedAt.Unix(), p.e.At.Unix()
	repo.Owner.Name, repo.Owner.Email = repo.Owner.Login, p.e.Repo.Owner.Email
	g := githubPush{Ref: r.Name, Before: r.Old, After: r.New, Repository: repo, Pusher: githubPusher{p.e.Sender.Name, p.e.Sender.Email},
		Sender: toGitHubUser(p.e.Sender), Created: r.Made(), Deleted: r.Removed(), Forced: r.Forced, Compare: p.compare(),
		Commits: []*githubCommit{}, HeadCommit: p.githubCommit(r.Head), Size: r.Total}
	for i := range r.Commits {
		g.Commits = append(g.Commits, p.githubCommit(&r.Commits[i]))
	}
	return g
}
