package hook

import "time"

// The shapes are those of Gitea's web hooks (its API's types PushPayload, CreatePayload, DeletePayload, RepositoryPayload and
// ForkPayload), with what Jeton knows of each.

type giteaUser struct {
	ID        int64  `json:"id"`
	JetonID   string `json:"jeton_id"`
	Login     string `json:"login"`
	FullName  string `json:"full_name"`
	Email     string `json:"email"`
	AvatarURL string `json:"avatar_url"`
	Username  string `json:"username"`
}

func toGiteaUser(u Person) giteaUser {
	return giteaUser{ID: number(u.ID), JetonID: u.ID, Login: u.Name, Email: u.Email, Username: u.Name}
}

type giteaRepo struct {
	ID            int64     `json:"id"`
	JetonID       string    `json:"jeton_id"`
	Owner         giteaUser `json:"owner"`
	Name          string    `json:"name"`
	FullName      string    `json:"full_name"`
	Description   string    `json:"description"`
	Empty         bool      `json:"empty"`
	Private       bool      `json:"private"`
	Fork          bool      `json:"fork"`
	Mirror        bool      `json:"mirror"`
	HTMLURL       string    `json:"html_url"`
	URL           string    `json:"url"`
	Link          string    `json:"link"`
	SSHURL        string    `json:"ssh_url"`
	CloneURL      string    `json:"clone_url"`
	Website       string    `json:"website"`
	DefaultBranch string    `json:"default_branch"`
	Archived      bool      `json:"archived"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

func (p payload) giteaRepo(r *Repo) any {
	owner, name := r.split()
	page := p.at(r.Path)
	user := toGiteaUser(r.Owner)
	user.Login, user.Username = owner, owner
	return giteaRepo{ID: number(r.ID), JetonID: r.ID, Owner: user, Name: name, FullName: r.Path, Description: r.Description, Private: r.Private,
		Fork: r.Fork, Archived: r.Archived, HTMLURL: page, URL: page, CloneURL: page + ".git", SSHURL: p.sshURL(r), DefaultBranch: r.DefaultBranch,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: p.e.At}
}

type giteaCommit struct {
	ID           string    `json:"id"`
	Message      string    `json:"message"`
	URL          string    `json:"url"`
	Author       signature `json:"author"`
	Committer    signature `json:"committer"`
	Verification any       `json:"verification"`
	Timestamp    time.Time `json:"timestamp"`
	Added        []string  `json:"added"`
	Removed      []string  `json:"removed"`
	Modified     []string  `json:"modified"`
}

func (p payload) giteaCommit(c *Commit) *giteaCommit {
	if c == nil {
		return nil
	}
	return &giteaCommit{ID: c.ID, Message: c.Message + "\n", URL: p.at(p.e.Repo.Path, "changeset", c.ID), Author: signed(c.Author), Committer: signed(c.Committer),
		Timestamp: c.At, Added: list(c.Added), Removed: list(c.Removed), Modified: list(c.Modified)}
}

// list is one that JSON never writes as null.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

type giteaPush struct {
	Ref          string         `json:"ref"`
	Before       string         `json:"before"`
	After        string         `json:"after"`
	CompareURL   string         `json:"compare_url"`
	Commits      []*giteaCommit `json:"commits"`
	TotalCommits int            `json:"total_commits"`
	HeadCommit   *giteaCommit   `json:"head_commit"`
	Repository   any            `json:"repository"`
	Pusher       giteaUser      `json:"pusher"`
	Sender       giteaUser      `json:"sender"`
}

// giteaRef is a create or a delete.
type giteaRef struct {
	SHA        string    `json:"sha,omitempty"`
	Ref        string    `json:"ref"`
	RefType    string    `json:"ref_type"`
	PusherType string    `json:"pusher_type,omitempty"`
	Repository any       `json:"repository"`
	Sender     giteaUser `json:"sender"`
}

// giteaEvent is one about a repository, or a fork of it.
type giteaEvent struct {
	Action     string    `json:"action,omitempty"`
	Changes    *change   `json:"changes,omitempty"`
	Forkee     any       `json:"forkee,omitempty"`
	Repository any       `json:"repository"`
	Sender     giteaUser `json:"sender"`
}

// gitea is the event in Gitea's shape.
func (p payload) gitea() any {
	e := p.e
	sender := toGiteaUser(e.Sender)
	switch e.Kind {
	case Push, Tag:
		return p.giteaPush()
	case Create:
		return giteaRef{SHA: e.Ref.New, Ref: short(e.Ref.Name), RefType: refType(e.Ref.Name), Repository: p.giteaRepo(e.Repo), Sender: sender}
	case Delete:
		return giteaRef{Ref: short(e.Ref.Name), RefType: refType(e.Ref.Name), PusherType: "user", Repository: p.giteaRepo(e.Repo), Sender: sender}
	case Repository:
		return giteaEvent{Action: e.Action, Changes: p.changes(), Repository: p.giteaRepo(e.Repo), Sender: sender}
	case Fork:
		// Gitea calls forkee what was forked, and repository what has come of it.
		return giteaEvent{Forkee: p.giteaRepo(e.Repo), Repository: p.giteaRepo(e.Forkee), Sender: sender}
	case Decoy, Expiring:
		return p.token(p.giteaRepo)
	}
	return p.ping(p.giteaRepo, sender)
}

func (p payload) giteaPush() giteaPush {
	r := p.e.Ref
	who := toGiteaUser(p.e.Sender)
	g := giteaPush{Ref: r.Name, Before: r.Old, After: r.New, CompareURL: p.compare(), Commits: []*giteaCommit{}, TotalCommits: r.Total,
		HeadCommit: p.giteaCommit(r.Head), Repository: p.giteaRepo(p.e.Repo), Pusher: who, Sender: who}
	for i := range r.Commits {
		// Gitea tells the newest first.
		g.Commits = append(g.Commits, p.giteaCommit(&r.Commits[len(r.Commits)-1-i]))
	}
	return g
}
