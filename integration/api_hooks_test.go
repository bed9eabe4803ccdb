package integration

import (
	"encoding/json"
	"time"
)

// apiHooksRows are the rows of the methods about web hooks. Their hooks lead nowhere; hooks_test.go has receivers.
func apiHooksRows() []apiRow {
	made := func(save string, more args) []apiCall {
		given := args{"repoid": "team/app", "url": "https://ci.invalid/hook", "secret": "known"}
		for name, v := range more {
			given[name] = v
		}
		return []apiCall{{As: "admin", Method: "create_webhook", Args: given, Save: save}}
	}
	jenkins := args{"repoid": nil, "repogroupid": "team", "form": "jenkins", "secret": ""}
	id := func(save string) func(*apiWorld) any { return savedIn(save, "webhook", "hook_id") }
	const makesNone = "a token makes none that gives more than it does itself: gives_token is for one with the right \"tokens\" that is taken from every network"
	const server = "web hooks of the server are for an administrator's token with the right admin that is bound to no repositories; name a repository (repoid) or a group (repogroupid)"
	return []apiRow{
		{Name: "of a repository", Method: "create_webhook", As: "bound", Args: args{"repoid": "team/app", "url": "https://ci.invalid/hook", "form": "github", "events": "push,tag",
			"branches": []string{"main"}, "label": "CI", "secret": "known"}, Golden: "hooks/create_webhook.json"},
		{Name: "that gives tokens, with one that makes none", Method: "create_webhook", As: "owner", Args: args{"repoid": "team/app", "url": "https://ci.invalid/", "gives_token": true}, Error: makesNone},
		{Name: "of a group", Method: "create_webhook", As: "owner", Args: args{"repogroupid": "team", "url": "https://ci.invalid/", "form": "jenkins", "secret": ""}, Golden: "hooks/create_webhook_of_group.json"},
		{Name: "of the server", Method: "create_webhook", Args: args{"url": "https://ci.invalid/", "secret": "known", "active": false, "events": []string{"decoy", "token_expiring"}}, Golden: "hooks/create_webhook_of_server.json"},
		{Name: "of the server, by its owner alone", Method: "create_webhook", As: "owner", Args: args{"url": "https://ci.invalid/"}, Error: server},
		{Name: "of a repository that may only be read", Method: "create_webhook", As: "reader", Args: args{"repoid": "team/app", "url": "https://ci.invalid/"}, Error: "repository `team/app` does not exist"},
		{Name: "of a group, with a bound token", Method: "create_webhook", As: "bound", Args: args{"repogroupid": "team", "url": "https://ci.invalid/"}, Error: "repository group `team` does not exist"},
		{Name: "of two things", Method: "create_webhook", Args: args{"repoid": "team/app", "repogroupid": "team", "url": "https://ci.invalid/"},
			Error: "name a repository (repoid), or a group of repositories (repogroupid), or neither for the server: not both"},
		{Name: "with a password", Method: "create_webhook", Args: args{"repoid": "team/app", "url": "https://a:b@ci.invalid/"},
			Error: "such a hook cannot be: the address of a hook holds no user name and no password: they would be shown to all who may see the hook"},
		{Name: "that gives tokens away", Method: "create_webhook", Args: args{"repoid": "team/app", "url": "http://ci.invalid/", "gives_token": true},
			Error: "such a hook cannot be: a token goes along to https:// addresses alone (setting hooks.plain_tokens)"},
		{Name: "of a repository", Method: "get_webhooks", As: "read-only", Args: args{"repoid": "team/app"}, Golden: "hooks/get_webhooks.json"},
		{Name: "of an unknown repository", Method: "get_webhooks", Args: args{"repoid": "no/such"}, Error: "repository `no/such` does not exist"},
		{Name: "of an unknown group", Method: "get_webhooks", Args: args{"repogroupid": "no/such"}, Error: "repository group `no/such` does not exist"},
		{Name: "of the server, to who may not", Method: "get_webhooks", As: "stranger", Error: server},
		{Name: "some of it", Method: "update_webhook", As: "owner", Before: made("u", nil), Args: args{"hookid": id("u"), "active": false, "branches": []string{}, "events": []string{"create"}}, Golden: "hooks/update_webhook.json"},
		{Name: "that gives tokens, to elsewhere", Method: "update_webhook", As: "owner", Before: made("t", args{"gives_token": true}), Args: args{"hookid": id("t"), "url": "https://elsewhere.invalid/"}, Error: makesNone},
		{Name: "another's", Method: "update_webhook", As: "stranger", Args: args{"hookid": "abc", "active": true}, Error: "webhook `abc` does not exist"},
		{Name: "to what cannot be", Method: "update_webhook", Before: made("v", nil), Args: args{"hookid": id("v"), "events": []string{"issues"}},
			Error: "such a hook cannot be: event \"issues\" is not known: it is one of push, create, delete, tag, repository, fork, decoy, token_expiring"},
		{Name: "a secret", Method: "rotate_webhook_secret", Before: made("r", nil), Args: args{"hookid": id("r"), "secret": "another"}, Golden: "hooks/rotate_webhook_secret.json"},
		{Name: "unknown", Method: "rotate_webhook_secret", Args: args{"hookid": "abc"}, Error: "webhook `abc` does not exist"},
		{Name: "one", Method: "delete_webhook", Before: made("d", nil), Args: args{"hookid": id("d")}, Golden: "hooks/delete_webhook.json"},
		{Name: "again", Method: "delete_webhook", Args: args{"hookid": "abc"}, Error: "webhook `abc` does not exist"},
		{Name: "of a group", Method: "ping_webhook", As: "owner", Before: made("p", jenkins), Args: args{"hookid": id("p")}, Golden: "hooks/ping_webhook.json"},
		{Name: "unknown", Method: "ping_webhook", Args: args{"hookid": "abc"}, Error: "webhook `abc` does not exist"},
		{Name: "none yet", Method: "get_webhook_deliveries", Before: made("n", nil), Args: args{"hookid": id("n")}, Golden: "hooks/no_deliveries.json"},
		{Name: "one that is tried again", Method: "get_webhook_deliveries", Args: args{"hookid": id("p"), "deliveryid": tried("p")}, Golden: "hooks/get_webhook_deliveries.json"},
		{Name: "unknown", Method: "get_webhook_deliveries", Args: args{"hookid": id("p"), "deliveryid": "abc"}, Error: "delivery `abc` does not exist"},
		{Name: "of an unknown hook", Method: "get_webhook_deliveries", Args: args{"hookid": "abc"}, Error: "webhook `abc` does not exist"},
		{Name: "one", Method: "redeliver_webhook", As: "owner", Args: args{"hookid": id("p"), "deliveryid": tried("p")}, Golden: "hooks/redeliver_webhook.json"},
		{Name: "unknown", Method: "redeliver_webhook", Args: args{"hookid": id("p"), "deliveryid": "abc"}, Error: "delivery `abc` does not exist"},
		{Name: "of an unknown hook", Method: "redeliver_webhook", Args: args{"hookid": "abc", "deliveryid": "abc"}, Error: "webhook `abc` does not exist"},
	}
}

// savedIn is a value further inside of what a call before has saved.
func savedIn(save string, path ...string) func(*apiWorld) any {
	return func(w *apiWorld) any {
		var v any
		_ = json.Unmarshal(w.saves[save], &v)
		for _, name := range path {
			m, _ := v.(map[string]any)
			v = m[name]
		}
		return v
	}
}

// tried is the newest delivery of a saved hook, once it was tried.
func tried(save string) func(*apiWorld) any {
	return func(w *apiWorld) any {
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			a, err := w.rpc(w.Tokens["admin"], "get_webhook_deliveries", args{"hookid": savedIn(save, "webhook", "hook_id")(w)})
			if err != nil {
				return err.Error()
			}
			var list []struct {
				ID    string `json:"delivery_id"`
				Tried string `json:"tried_on"`
			}
			if json.Unmarshal(a.Result, &list) == nil && len(list) > 0 && list[0].Tried != "" {
				return list[0].ID
			}
		}
		return "never tried"
	}
}
