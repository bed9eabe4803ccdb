package hooks

import (
	"context"
	"errors"
	"time"

	"jeton/web/api/method"
	"jeton/web/hook"
)

const (
	noHook    = "webhook `…` does not exist"
	noRepo    = "repository `…` does not exist"
	noPlan    = "repository group `…` does not exist"
	makesNone = "a token makes none that gives more than it does itself: gives_token is for one with the right \"tokens\" that is taken from every network"
	serves    = "web hooks of the server are for an administrator's token with the right admin that is bound to no repositories"
)

type createArgs struct {
	Repo     method.Ref `arg:"repoid,optional" doc:"Name or id of the repository that it is of."`
	Group    method.Ref `arg:"repogroupid,optional" doc:"Name or id of the group of repositories that it is of, with all that lies below. With neither it is the server's."`
	URL      string     `arg:"url" max:"2048" doc:"The address that is told, http:// or https://."`
	Form     string     `arg:"form,optional" default:"gitea" choices:"gitea,github,jenkins,standard" doc:"How it is told."`
	Content  string     `arg:"content_type,optional" default:"json" choices:"json,form" doc:"How the body is written."`
	Events   []string   `arg:"events,optional" sep:"," doc:"Of what it is told: push, create, delete, tag, repository, fork, decoy, token_expiring. Left out: push."`
	Branches []string   `arg:"branches,optional" sep:"," doc:"Patterns of branches, such as main or release/*. Left out: all."`
	Label    string     `arg:"label,optional" doc:"What people call it."`
	Secret   *string    `arg:"secret,optional" max:"256" doc:"What signs. Left out: one is made. Empty: nothing is signed."`
	Active   bool       `arg:"active,optional" default:"true" doc:"Whether it is told at once."`
	Token    bool       `arg:"gives_token,optional" default:"false" doc:"Whether a delivery about a repository brings a token that reads it for an hour."`
}

func (o Options) create() method.Method {
	return method.Of(method.Method{Name: "create_webhook", New: true, Changes: true, On: open(), REST: "POST webhooks",
		Doc:     "Makes a web hook of a repository, of a group of repositories, or of the server. The reply shows its secret, once.",
		Fails:   []string{noRepo, noPlan, serves, makesNone, "such a hook cannot be: …", "there are as many hooks as one place may have; remove one first"},
		Example: `{"repoid": "team/app", "url": "https://ci.example.com/hook", "form": "github", "events": ["push", "tag"]}`,
	}, func(ctx context.Context, c *method.Call, in createArgs) (Made, error) {
		place, err := o.of(c, in.Repo, in.Group)
		if err != nil {
			return Made{}, err
		}
		if err := o.tells(c, place.GroupID); err != nil {
			return Made{}, err
		}
		if in.Token {
			if err := o.gives(c); err != nil {
				return Made{}, err
			}
		}
		h := hook.Hook{ID: o.NewID(), RepoID: place.RepoID, GroupID: place.GroupID, Label: in.Label, URL: in.URL, Form: hook.Form(in.Form), ContentType: in.Content,
			Events: kinds(in.Events), Branches: in.Branches, Active: in.Active, GivesToken: in.Token}
		switch {
		case in.Secret != nil:
			h.Secret = hook.NewSecret(*in.Secret)
		case h.Form != hook.Jenkins: // whose token Jenkins makes
			h.Secret = hook.MakeSecret(h.Form)
		}
		if len(h.Events) == 0 {
			h.Events = []hook.Kind{hook.Push}
		}
		if h, err = o.Hooks.Create(ctx, c.Actor, h); err != nil {
			return Made{}, said(err, in.Repo+in.Group)
		}
		return Made{"created a web hook", o.show(h, time.Now()), h.Secret.Reveal()}, nil
	})
}

func kinds(words []string) []hook.Kind {
	var list []hook.Kind
	for _, w := range words {
		list = append(list, hook.Kind(w))
	}
	return list
}

type listArgs struct {
	Repo  method.Ref `arg:"repoid,optional" doc:"Name or id of the repository whose hooks are listed."`
	Group method.Ref `arg:"repogroupid,optional" doc:"Name or id of the group of repositories whose own hooks are listed. With neither the server's are."`
}

func (o Options) list() method.Method {
	return method.Of(method.Method{Name: "get_webhooks", New: true, On: open(), REST: "GET webhooks",
		Doc: "Lists the web hooks of a repository, of a group of repositories, or of the server.", Fails: []string{noRepo, noPlan, serves}, Example: `{"repoid": "team/app"}`,
	}, func(ctx context.Context, c *method.Call, in listArgs) ([]Hook, error) {
		place, err := o.of(c, in.Repo, in.Group)
		if err != nil {
			return nil, err
		}
		all, err := o.Hooks.Of(ctx, place)
		list := make([]Hook, len(all))
		for i, h := range all {
			list[i] = o.show(h, time.Now())
		}
		return list, err
	})
}

type updateArgs struct {
	ID       method.Ref `arg:"hookid" doc:"Id of the hook."`
	URL      *string    `arg:"url,optional" max:"2048" doc:"The address that is told. Jenkins' secret, which is sent as it is, is dropped with the old one: give it anew by rotate_webhook_secret."`
	Form     *string    `arg:"form,optional" choices:"gitea,github,jenkins,standard" doc:"How it is told. The secret must fit: rotate_webhook_secret makes another. Changed to jenkins there is none any more."`
	Content  *string    `arg:"content_type,optional" choices:"json,form" doc:"How the body is written."`
	Events   *[]string  `arg:"events,optional" sep:"," doc:"Of what it is told."`
	Branches *[]string  `arg:"branches,optional" sep:"," doc:"Patterns of branches; an empty list is all."`
	Label    *string    `arg:"label,optional" doc:"What people call it."`
	Active   *bool      `arg:"active,optional" doc:"Switching it on forgets that it has failed; switching it off drops what waits."`
	Token    *bool      `arg:"gives_token,optional" doc:"Whether a delivery about a repository brings a token that reads it for an hour."`
}

// change puts into a hook what was given.
func (in updateArgs) change(h *hook.Hook) error {
	put(&h.URL, in.URL)
	put(&h.ContentType, in.Content)
	put(&h.Label, in.Label)
	put(&h.Active, in.Active)
	put(&h.GivesToken, in.Token)
	put(&h.Branches, in.Branches)
	if in.Form != nil {
		h.Form = hook.Form(*in.Form)
	}
	if in.Events != nil {
		h.Events = kinds(*in.Events)
	}
	return nil
}

// leads tells whether a change has tokens go where none went before.
func (in updateArgs) leads(h hook.Hook) bool {
	gave := h.GivesToken
	put(&h.GivesToken, in.Token)
	return h.GivesToken && (!gave || in.URL != nil && *in.URL != h.URL)
}

func put[T any](at, given *T) {
	if given != nil {
		*at = *given
	}
}

func (o Options) update() method.Method {
	return method.Of(method.Method{Name: "update_webhook", New: true, Changes: true, On: open(), REST: "PATCH webhooks/{hookid}",
		Doc: "Changes what is given of a web hook. The reply tells of the hook, but for its secret.", Fails: []string{noHook, makesNone, "such a hook cannot be: …"},
		Example: `{"hookid": "abcdefghijklmnopqrstuvwx23", "active": true}`,
	}, func(ctx context.Context, c *method.Call, in updateArgs) (Changed, error) {
		h, err := o.whole(ctx, c, in.ID)
		if err == nil && in.leads(h) {
			err = o.gives(c)
		}
		if err != nil {
			return Changed{}, err
		}
		if h, err = o.Hooks.Update(ctx, c.Actor, h.ID, in.change); err != nil {
			return Changed{}, said(err, in.ID)
		}
		return Changed{"updated a web hook", o.show(h, time.Now())}, nil
	})
}

type rotateArgs struct {
	ID      method.Ref `arg:"hookid" doc:"Id of the hook."`
	Secret  string     `arg:"secret,optional" max:"256" doc:"The new secret. Left out: one is made."`
	Overlap int64      `arg:"overlap,optional" default:"86400" max:"2592000" doc:"For how many seconds the old one signs too."`
}

func (o Options) rotate() method.Method {
	return method.Of(method.Method{Name: "rotate_webhook_secret", New: true, Changes: true, On: open(), REST: "POST webhooks/{hookid}/secret",
		Doc:   "Gives a web hook another secret, which the reply shows once. Until the overlap is over what is sent is signed with both.",
		Fails: []string{noHook, "such a hook cannot be: …"}, Example: `{"hookid": "abcdefghijklmnopqrstuvwx23"}`,
	}, func(ctx context.Context, c *method.Call, in rotateArgs) (Made, error) {
		h, err := o.whole(ctx, c, in.ID)
		if err != nil {
			return Made{}, err
		}
		if h, err = o.Hooks.Rotate(ctx, c.Actor, h.ID, hook.NewSecret(in.Secret), time.Duration(in.Overlap)*time.Second); err != nil {
			return Made{}, said(err, in.ID)
		}
		return Made{"rotated the secret of a web hook", o.show(h, time.Now()), h.Secret.Reveal()}, nil
	})
}

type oneArgs struct {
	ID method.Ref `arg:"hookid" doc:"Id of the hook."`
}

func (o Options) remove() method.Method {
	return method.Of(method.Method{Name: "delete_webhook", New: true, Changes: true, On: open(), REST: "DELETE webhooks/{hookid}",
		Doc: "Removes a web hook, and all that is known of what it was sent.", Fails: []string{noHook}, Example: `{"hookid": "abcdefghijklmnopqrstuvwx23"}`,
	}, func(ctx context.Context, c *method.Call, in oneArgs) (Changed, error) {
		h, err := o.found(ctx, c, in.ID)
		if err == nil {
			err = said(o.Hooks.Remove(ctx, c.Actor, h.ID), in.ID)
		}
		if err != nil {
			return Changed{}, err
		}
		return Changed{"deleted a web hook", o.show(h, time.Now())}, nil
	})
}

func (o Options) ping() method.Method {
	return method.Of(method.Method{Name: "ping_webhook", New: true, Changes: true, On: open(), REST: "POST webhooks/{hookid}/ping",
		Doc: "Sends a test to a web hook, whatever events it chooses. How it went is told by get_webhook_deliveries.", Fails: []string{noHook, "webhook `…` is switched off; switch it on with update_webhook"},
		Example: `{"hookid": "abcdefghijklmnopqrstuvwx23"}`,
	}, func(ctx context.Context, c *method.Call, in oneArgs) (Sent, error) {
		h, err := o.found(ctx, c, in.ID)
		if err != nil {
			return Sent{}, err
		}
		d, err := o.Hooks.Ping(ctx, c.Actor, h.ID)
		if err != nil {
			return Sent{}, said(err, in.ID)
		}
		return Sent{"sending a test", showDelivery(d)}, nil
	})
}

type deliveriesArgs struct {
	ID       method.Ref `arg:"hookid" doc:"Id of the hook."`
	Delivery string     `arg:"deliveryid,optional" max:"64" doc:"Id of one delivery, which is shown with what is sent. Left out: the newest."`
	Before   string     `arg:"before,optional" max:"64" doc:"The place of a delivery: those before it are listed."`
	Limit    int64      `arg:"limit,optional" default:"30" max:"100" doc:"How many are listed at most."`
}

func (o Options) deliveries() method.Method {
	return method.Of(method.Method{Name: "get_webhook_deliveries", New: true, On: open(), REST: "GET webhooks/{hookid}/deliveries",
		Doc:   "Lists what a web hook was sent, the newest first, with what came back. Secrets are in none of it.",
		Fails: []string{noHook, "delivery `…` does not exist"}, Example: `{"hookid": "abcdefghijklmnopqrstuvwx23", "limit": 10}`,
	}, func(ctx context.Context, c *method.Call, in deliveriesArgs) ([]Delivery, error) {
		h, err := o.whole(ctx, c, in.ID)
		if err != nil {
			return nil, err
		}
		if in.Delivery != "" {
			d, body, err := o.Hooks.Delivery(ctx, h.ID, in.Delivery)
			if err != nil {
				return nil, noDelivery(err, in.ID, in.Delivery)
			}
			one := showDelivery(d)
			one.Body = &body
			return []Delivery{one}, nil
		}
		if in.Limit < 1 {
			return nil, method.Fail(method.Invalid, "limit is from 1 to 100")
		}
		all, err := o.Hooks.Deliveries(ctx, h.ID, in.Before, int(in.Limit))
		list := make([]Delivery, len(all))
		for i, d := range all {
			list[i] = showDelivery(d)
		}
		return list, err
	})
}

type redeliverArgs struct {
	ID       method.Ref `arg:"hookid" doc:"Id of the hook."`
	Delivery string     `arg:"deliveryid" max:"64" doc:"Id of the delivery."`
}

func (o Options) redeliver() method.Method {
	return method.Of(method.Method{Name: "redeliver_webhook", New: true, Changes: true, On: open(), REST: "POST webhooks/{hookid}/deliveries/{deliveryid}",
		Doc:     "Sends a delivery once more, under the same id, as the hook is now.",
		Fails:   []string{noHook, "delivery `…` does not exist", "webhook `…` is switched off; switch it on with update_webhook"},
		Example: `{"hookid": "abcdefghijklmnopqrstuvwx23", "deliveryid": "00000000-0000-8000-8000-000000000000"}`,
	}, func(ctx context.Context, c *method.Call, in redeliverArgs) (Sent, error) {
		h, err := o.whole(ctx, c, in.ID)
		if err != nil {
			return Sent{}, err
		}
		d, err := o.Hooks.Redeliver(ctx, c.Actor, h.ID, in.Delivery)
		if err != nil {
			return Sent{}, noDelivery(err, in.ID, in.Delivery)
		}
		return Sent{"sending a delivery again", showDelivery(d)}, nil
	})
}

// noDelivery is an error about a delivery of a hook that is there.
func noDelivery(err error, hookID method.Ref, id string) error {
	if errors.Is(err, hook.ErrNotFound) {
		return method.Fail(method.NotFound, "delivery `%s` does not exist", id)
	}
	return said(err, hookID)
}
