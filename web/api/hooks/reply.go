package hooks

import (
	"time"

	"jeton/web/hook"
)

// Hook is a web hook as replies show one. Its secrets are in none.
type Hook struct {
	ID         string   `json:"hook_id" doc:"Id of the hook."`
	Repository *string  `json:"repository" doc:"Name of the repository that it is of; null where it is of none."`
	Group      *string  `json:"repository_group" doc:"Name of the group that it is of; null where it is of none. A hook with neither is the server's."`
	Label      string   `json:"label" doc:"What people call it."`
	URL        string   `json:"url" doc:"The address that is told."`
	Form       string   `json:"form" doc:"gitea, github, jenkins or standard."`
	Content    string   `json:"content_type" doc:"json or form."`
	Events     []string `json:"events" doc:"Of what it is told."`
	Branches   []string `json:"branches" doc:"Patterns of branches of which it is told; empty for all."`
	Active     bool     `json:"active" doc:"Whether it is told of anything."`
	GivesToken bool     `json:"gives_token" doc:"Whether a delivery about a repository brings a token that reads it."`
	HasSecret  bool     `json:"has_secret" doc:"Whether what is sent is signed."`
	OldUntil   *string  `json:"old_secret_until" doc:"Until when the secret before signs too; null where there is none."`
	CreatedBy  string   `json:"created_by" doc:"User name of who made it."`
	CreatedOn  string   `json:"created_on" doc:"When it was made (RFC 3339)."`
	OffOn      *string  `json:"off_on" doc:"When the server switched it off; null where it did not."`
	OffWhy     string   `json:"off_why" doc:"Why the server did."`
	Failures   int64    `json:"failures" doc:"How many tries in a row have failed."`
	FailingOn  *string  `json:"failing_since" doc:"When the first of them did; null where none has."`
	LastOn     *string  `json:"last_on" doc:"When something was sent last; null for never."`
	LastStatus int      `json:"last_status" doc:"Status of the last answer; 0 where there was none."`
}

// Made is a reply that shows a secret, this once.
type Made struct {
	Msg  string `json:"msg" doc:"What was done."`
	Hook Hook   `json:"webhook" doc:"The hook as it is now."`
	// Secret is the only copy that leaves the server.
	Secret string `json:"secret" doc:"The secret that signs from now on. It is never shown again."`
}

// Changed is a reply without a secret.
type Changed struct {
	Msg  string `json:"msg" doc:"What was done."`
	Hook Hook   `json:"webhook" doc:"The hook as it is now."`
}

// Delivery is one hook that was told of one event.
type Delivery struct {
	ID         string            `json:"delivery_id" doc:"Id of the delivery, which receivers find in its headers."`
	HookID     string            `json:"hook_id" doc:"Id of the hook."`
	State      string            `json:"state" doc:"waiting, done or failed."`
	NextOn     *string           `json:"next_on" doc:"When it is sent next; null where it does not wait."`
	Redelivery bool              `json:"redelivery" doc:"Whether somebody asked for it once more."`
	Tries      int               `json:"tries" doc:"How often it was sent."`
	TriedOn    *string           `json:"tried_on" doc:"When the last try was; null for none."`
	Took       int64             `json:"took_ms" doc:"How long the last try took, in milliseconds."`
	Status     int               `json:"status" doc:"Status of the answer; 0 where there was none."`
	Error      string            `json:"error" doc:"What went wrong; empty where nothing did."`
	Method     string            `json:"request_method" doc:"Method of the request."`
	URL        string            `json:"request_url" doc:"Address of the request, without secrets."`
	Headers    map[string]string `json:"request_headers" doc:"Headers of the request, without secrets."`
	Body       *string           `json:"request_body" doc:"What is sent, as the hook is now; null in a list."`
	Answer     string            `json:"response_body" doc:"The beginning of the answer."`
	AnswerHead map[string]string `json:"response_headers" doc:"Headers of the answer."`
	Place      string            `json:"place" doc:"Where it stands among the hook's deliveries, for the argument before."`
}

// Sent is a reply about one delivery.
type Sent struct {
	Msg      string   `json:"msg" doc:"What was done."`
	Delivery Delivery `json:"delivery" doc:"The delivery as it is now: it is sent in the background."`
}

// when is a moment; nil for none.
func when(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}

func (o Options) show(h hook.Hook, now time.Time) Hook {
	s := Hook{ID: h.ID, Label: h.Label, URL: h.URL, Form: string(h.Form), Content: h.ContentType, Events: make([]string, len(h.Events)),
		Branches: append([]string{}, h.Branches...), Active: h.Active, GivesToken: h.GivesToken, HasSecret: !h.Secret.Empty(), CreatedBy: h.MakerName,
		CreatedOn: *when(h.CreatedAt), OffOn: when(h.OffAt), OffWhy: h.OffWhy, Failures: h.Failures, FailingOn: when(h.FailingSince), LastOn: when(h.LastAt), LastStatus: h.LastStatus}
	for i, k := range h.Events {
		s.Events[i] = string(k)
	}
	if now.Before(h.OldEnds) {
		s.OldUntil = when(h.OldEnds)
	}
	if r, ok := o.Places.ByID(h.RepoID); ok {
		s.Repository = &r.Path
	}
	if g, ok := o.Places.GroupByID(h.GroupID); ok {
		s.Group = &g.Path
	}
	return s
}

func showDelivery(d hook.Delivery) Delivery {
	s := Delivery{ID: d.ID, HookID: d.HookID, State: string(d.State), Redelivery: d.Redelivery, Tries: d.Tries, TriedOn: when(d.TriedAt), Took: d.Took.Milliseconds(),
		Status: d.Status, Error: d.Error, Method: d.Request.Method, URL: d.Request.URL, Headers: d.Request.Headers, Answer: d.Answer.Body,
		AnswerHead: d.Answer.Headers, Place: d.Place}
	if d.State == hook.Waiting {
		s.NextOn = when(d.NextAt)
	}
	for _, m := range []*map[string]string{&s.Headers, &s.AnswerHead} {
		if *m == nil {
			*m = map[string]string{}
		}
	}
	return s
}
