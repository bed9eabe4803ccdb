package integration

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// replayed is one example of RhodeCode's API documentation (docs/api/methods of rhodecode-enterprise-ce), with names of
// this server put in. Shape is the documented result with values of our own: every key in it must be in the answer, with a
// value of the same JSON type; null stands where any value may, as the documentation tells no type. A text that holds
// backquotes is compared as a sentence: what stands between them may differ.
type replayed struct{ Method, Args, Shape string }

// replayDiffers are the documented fields that are of another type here, or not there, and why. Everything else is as it is
// documented.
var replayDiffers = map[string]string{
	"repo_id": "ids are texts", "user_id": "ids are texts", "group_id": "ids are texts", "users_group_id": "ids are texts", "comment_id": "ids are texts",
	"api_key":           "one token of many was shown as such in old versions; api_keys and auth_tokens list them",
	"locked_since":      "documented as a whole number, and seconds with a fraction in RhodeCode as well",
	"request":           "get_method lists the arguments that clients send",
	"extensions_evolve": "Mercurial's", "extensions_largefiles": "Mercurial's", "phases_publish": "Mercurial's", "rhodecode_hg_use_rebase_for_merging": "Mercurial's",
}

// replayOfUser, replayOfRepo and replayOfPermissions are documented objects that stand in several results.
const (
	replayOfUser = `{"active": true, "admin": false, "api_keys": [], "email": "", "emails": [], "extern_name": "", "extern_type": "", "firstname": "", "lastname": "",
		"description": "", "ip_addresses": [], "language": null, "last_login": null, "last_activity": null, "auth_tokens": [], "user_id": 1, "username": ""}`
	replayOfRepo = `{"repo_id": 1, "repo_name": "", "repo_type": "", "clone_uri": null, "private": true, "created_on": "", "description": "", "landing_rev": ["", ""],
		"owner": "", "fork_of": null, "enable_downloads": true, "enable_locking": false, "enable_statistics": false}`
	replayOfPermissions = `[{"name": "", "origin": "", "permission": "", "type": ""}]`
	replayOfGroup       = `{"group_description": "", "group_id": 1, "group_name": "", "owner": "", "parent_group": null, "repositories": []}`
	replayOfUserGroup   = `{"active": true, "group_description": "", "group_name": "", "owner": "", "users": [], "users_group_id": 2}`
	replayOfNode        = `{"binary": false, "extension": "", "lines": 2, "content": null, "md5": "", "mimetype": "", "name": "", "size": 1, "type": "file"}`
)

// replays are run in their order, by the administrator.
var replays = []replayed{
	{"create_user", `{"username": "grace", "email": "grace@example.com", "password": "a long enough one", "firstname": "Grace", "lastname": "Hopper"}`,
		"{\"msg\": \"created new user `<username>`\", \"user\": " + replayOfUser + "}"},
	{"get_user", `{"userid": "grace"}`, strings.TrimSuffix(replayOfUser, "}") + `, "permissions": null, "permissions_summary":
		{"global": [""], "repositories": {}, "repositories_groups": {}, "user_groups": {}}}`},
	{"get_users", `{}`, "[" + replayOfUser + "]"},
	{"update_user", `{"userid": "grace", "lastname": "Murray"}`, `{"msg": "updated user ID:", "user": ` + replayOfUser + "}"},
	{"get_user_audit_logs", `{"userid": "admin"}`, `[{}]`},

	{"create_repo_group", `{"group_name": "docs"}`, `{"msg": "", "repo_group": null}`}, // RhodeCode's code, other than its page, wants it to be there
	{"create_repo_group", `{"group_name": "docs/examples", "description": "d"}`, "{\"msg\": \"Created new repo group `<repo_group_name>`\", \"repo_group\": " + replayOfGroup + "}"},
	{"create_repo", `{"repo_name": "docs/examples/one", "repo_type": "git", "owner": "grace", "description": "d", "private": true, "landing_rev": "rev:tip"}`,
		"{\"msg\": \"Created new repository `<reponame>`\", \"success\": true, \"task\": null}"},
	{"fork_repo", `{"repoid": "team/app", "fork_name": "docs/fork", "owner": "grace", "description": "d", "copy_permissions": "True", "private": "True", "landing_rev": "rev:tip"}`,
		"{\"msg\": \"Created fork of `<reponame>` as `<forkname>`\", \"success\": true, \"task\": null}"},
	{"update_repo", `{"repoid": "docs/fork", "description": "changed"}`, "{\"msg\": null, \"repository\": " + replayOfRepo + "}"},
	{"get_repo_group", `{"repogroupid": "docs"}`, strings.TrimSuffix(replayOfGroup, "}") + `, "members": ` + replayOfPermissions + "}"},
	{"get_repo_groups", `{}`, "[" + replayOfGroup + "]"},
	{"grant_user_permission_to_repo_group", `{"repogroupid": "docs", "userid": "bob", "perm": "group.read", "apply_to_children": "all"}`,
		"{\"msg\": \"Granted perm: `<perm>` (recursive:all) for user: `<username>` in repo group: `<repo_group_name>`\", \"success\": true}"},
	{"grant_user_group_permission_to_repo_group", `{"repogroupid": "docs", "usergroupid": "crew", "perm": "group.write"}`,
		"{\"msg\": \"Granted perm: `<perm>` (recursive:none) for user group: `<usersgroupname>` in repo group: `<repo_group_name>`\", \"success\": true}"},
	{"revoke_user_permission_from_repo_group", `{"repogroupid": "docs", "userid": "bob"}`,
		"{\"msg\": \"Revoked perm (recursive:none) for user: `<username>` in repo group: `<repo_group_name>`\", \"success\": true}"},
	{"revoke_user_group_permission_from_repo_group", `{"repogroupid": "docs", "usergroupid": "crew"}`,
		"{\"msg\": \"Revoked perm (recursive:none) for user group: `<usersgroupname>` in repo group: `<repo_group_name>`\", \"success\": true}"},
	{"update_repo_group", `{"repogroupid": "docs", "description": "changed"}`, `{"msg": null, "repo_group": ` + replayOfGroup + "}"},

	{"grant_user_permission", `{"repoid": "team/app", "userid": "grace", "perm": "repository.write"}`,
		"{\"msg\": \"Granted perm: `<perm>` for user: `<username>` in repo: `<reponame>`\", \"success\": true}"},
	{"grant_user_group_permission", `{"repoid": "team/app", "usergroupid": "crew", "perm": "repository.write"}`,
		"{\"msg\": \"Granted perm: `<perm>` for user group: `<usersgroupname>` in repo: `<reponame>`\", \"success\": true}"},
	{"get_repo", `{"repoid": "team/app"}`, strings.TrimSuffix(replayOfRepo, "}") + `, "followers": [` + strings.TrimSuffix(replayOfUser, "}") + `, "api_key": ""}],
		"last_changeset": {"author": "", "branch": "", "date": "", "message": "", "parents": [{"raw_id": ""}], "raw_id": "", "revision": 1, "short_id": ""},
		"lock_reason": null, "locked_by": null, "locked_date": null, "permissions": ` + replayOfPermissions + "}"},
	{"get_repos", `{"root": "team", "traverse": true}`, "[" + replayOfRepo + "]"},
	{"revoke_user_permission", `{"repoid": "team/app", "userid": "grace"}`, "{\"msg\": \"Revoked perm for user: `<username>` in repo: `<reponame>`\", \"success\": true}"},
	{"revoke_user_group_permission", `{"repoid": "team/app", "usergroupid": "crew"}`,
		"{\"msg\": \"Revoked perm for user group: `<usersgroupname>` in repo: `<reponame>`\", \"success\": true}"},
	{"get_repo_settings", `{"repoid": "team/app"}`, `{"extensions_largefiles": true, "extensions_evolve": true, "hooks_changegroup_push_logger": true, "hooks_changegroup_repo_size": false,
		"hooks_outgoing_pull_logger": true, "phases_publish": "True", "rhodecode_hg_use_rebase_for_merging": true, "rhodecode_pr_merge_enabled": true, "rhodecode_use_outdated_comments": true}`},
	{"set_repo_settings", `{"repoid": "team/app", "settings": {"hooks_changegroup_push_logger": true}}`, `true`},
	{"lock", `{"repoid": "team/app", "locked": true}`,
		"{\"repo\": \"\", \"locked\": true, \"locked_since\": 1, \"locked_by\": \"\", \"lock_reason\": \"\", \"lock_state_changed\": true, \"msg\": \"User `<user name>` set lock state for repo `<repository name>` to `<new lock state>`\"}"},
	{"get_user_locks", `{"userid": "admin"}`, `[{"repo_id": 1, "repo_name": "", "repo_type": "", "private": true, "owner": "", "locked_by": null, "locked_date": null, "lock_reason": null}]`},
	{"lock", `{"repoid": "team/app", "locked": false}`, `{"repo": "", "locked": false, "locked_since": null, "locked_by": null, "lock_reason": null, "lock_state_changed": true, "msg": ""}`},
	{"lock", `{"repoid": "team/app"}`, "{\"repo\": \"\", \"locked\": false, \"locked_since\": null, \"locked_by\": null, \"lock_reason\": null, \"lock_state_changed\": false, \"msg\": \"Repo `<repository name>` not locked.\"}"},
	{"invalidate_cache", `{"repoid": "team/app"}`, "{\"msg\": \"Cache for repository `<repository name>` was invalidated\", \"repository\": \"\"}"},
	{"maintenance", `{"repoid": "team/app"}`, `{"msg": "executed maintenance command", "executed_actions": [""], "repository": ""}`},

	{"get_repo_refs", `{"repoid": "team/app"}`, `{"bookmarks": {}, "branches": {"main": ""}, "branches_closed": {}, "tags": {"v1": ""}}`},
	{"get_repo_file", `{"repoid": "team/app", "commit_id": "main", "file_path": "README.md", "details": "full"}`, replayOfNode},
	{"get_repo_nodes", `{"repoid": "team/app", "revision": "main", "root_path": "/", "ret_type": "files", "details": "full"}`, "[" + replayOfNode + "]"},
	{"comment_commit", `{"repoid": "team/app", "commit_id": "main", "message": "Looks good.", "status": "approved"}`,
		"{\"msg\": \"Commented on commit `<commit_id>` for repository `<repoid>`\", \"status_change\": null, \"success\": true}"},
	{"get_repo_comments", `{"repoid": "team/app"}`, `[{"comment_author": ` + replayOfUser + `, "comment_created_on": "", "comment_f_path": null, "comment_id": 1, "comment_lineno": null,
		"comment_resolved_by": null, "comment_status": [], "comment_text": "", "comment_type": ""}]`},

	{"create_user_group", `{"group_name": "writers", "description": "d"}`, "{\"msg\": \"created new user group `<groupname>`\", \"user_group\": " + replayOfUserGroup + "}"},
	{"add_user_to_user_group", `{"usergroupid": "writers", "userid": "grace"}`, "{\"msg\": \"added member `<username>` to user group `<groupname>`\", \"success\": true}"},
	{"grant_user_permission_to_user_group", `{"usergroupid": "writers", "userid": "bob", "perm": "usergroup.read"}`,
		"{\"msg\": \"Granted perm: `<perm_name>` for user: `<username>` in user group: `<user_group_name>`\", \"success\": true}"},
	{"grant_user_group_permission_to_user_group", `{"usergroupid": "writers", "sourceusergroupid": "crew", "perm": "usergroup.write"}`,
		"{\"msg\": \"Granted perm: `<perm_name>` for user group: `<source_user_group_name>` in user group: `<user_group_name>`\", \"success\": true}"},
	{"get_user_group", `{"usergroupid": "writers"}`, strings.TrimSuffix(strings.Replace(replayOfUserGroup, `"users": []`, `"users": [`+replayOfUser+`]`, 1), "}") +
		`, "permissions": ` + replayOfPermissions + `, "permissions_summary": {"repositories": {}, "repositories_groups": {}}}`},
	{"get_user_groups", `{}`, "[" + replayOfUserGroup + "]"},
	{"revoke_user_group_permission_from_user_group", `{"usergroupid": "writers", "sourceusergroupid": "crew"}`,
		"{\"msg\": \"Revoked perm for user group: `<user_group_name>` in user group: `<target_user_group_name>`\", \"success\": true}"},
	{"revoke_user_permission_from_user_group", `{"usergroupid": "writers", "userid": "bob"}`,
		"{\"msg\": \"Revoked perm for user: `<username>` in user group: `<user_group_name>`\", \"success\": true}"},
	{"remove_user_from_user_group", `{"usergroupid": "writers", "userid": "grace"}`, "{\"msg\": \"removed member `<username>` from user group `<groupname>`\", \"success\": true}"},
	{"update_user_group", `{"usergroupid": "writers", "description": "changed"}`, `{"msg": "updated user group ID:", "user_group": ` + replayOfUserGroup + "}"},
	{"delete_user_group", `{"usergroupid": "writers"}`, `{"msg": "deleted user group ID:"}`},

	{"get_ip", `{}`, `{"server_ip_addr": "", "user_ips": []}`},
	{"get_method", `{"pattern": "comment_commit"}`, `[null, null]`},
	{"get_server_info", `{}`, `{"modules": [null], "py_version": "", "platform": "", "rhodecode_version": ""}`},
	{"get_repo_store", `{}`, `{"path": ""}`},
	{"rescan_repos", `{"remove_obsolete": false}`, `{"added": [], "removed": []}`},

	{"delete_repo", `{"repoid": "docs/fork", "forks": "detach"}`, "{\"msg\": \"Deleted repository `<reponame>`\", \"success\": true}"},
	{"delete_repo", `{"repoid": "docs/examples/one"}`, "{\"msg\": \"Deleted repository `<reponame>`\", \"success\": true}"},
	{"delete_repo_group", `{"repogroupid": "docs/examples"}`, `{"msg": "deleted repo group ID:", "repo_group": null}`},
	{"delete_user", `{"userid": "grace", "handle_repos": "detach"}`, `{"msg": "deleted user ID:", "user": null}`},
}

// curl sends a call as RhodeCode's documentation does it, with api_key and the type text/plain.
func (w *apiWorld) curl(t *testing.T, name, given string) answer {
	t.Helper()
	body := fmt.Sprintf(`{"id":1,"api_key":%q,"method":%q,"args":%s}`, w.Tokens["admin"], name, given)
	cmd := exec.Command("curl", "-sS", "--max-time", "60", w.URL+"/_admin/api", "-X", "POST", "-H", "content-type:text/plain", "--data-binary", "@-")
	cmd.Stdin = strings.NewReader(body)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("curl: %v", err)
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("%s was answered %s", name, out)
	}
	return a
}

// TestAPIAnswersRhodeCodesExamples replays what RhodeCode's documentation shows, and holds the answers to what it promises.
func TestAPIAnswersRhodeCodesExamples(t *testing.T) {
	t.Parallel()
	w := newAPIWorld(t)
	w.jeton(t, "repo", "watch", "team/app", "--user", "admin")
	for _, r := range replays {
		a := w.curl(t, r.Method, r.Args)
		if a.text() != "" {
			t.Errorf("%s %s is answered with the error %s", r.Method, r.Args, a.text())
			continue
		}
		var got, want any
		if err := json.Unmarshal([]byte(r.Shape), &want); err != nil {
			t.Fatalf("the shape of %s is no JSON: %v", r.Method, err)
		}
		if err := json.Unmarshal(a.Result, &got); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range unlike(r.Method, got, want) {
			t.Errorf("%s\nin %s", wrong, a.Result)
		}
	}
}

// unlike lists what of a documented result is not in an answer.
func unlike(at string, got, want any) []string {
	switch want := want.(type) {
	case nil:
		return nil
	case map[string]any:
		fields, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, want an object", at, got)}
		}
		return unlikeFields(at, fields, want)
	case []any:
		list, ok := got.([]any)
		if !ok || len(want) > 0 && len(list) == 0 {
			return []string{fmt.Sprintf("%s is %v, want a list with something in it", at, got)}
		}
		var wrong []string
		for i, v := range list {
			if len(want) > 0 {
				wrong = append(wrong, unlike(fmt.Sprintf("%s[%d]", at, i), v, want[0])...)
			}
		}
		return wrong
	case string:
		if text, ok := got.(string); !ok || !strings.HasPrefix(sentenceOf(text), sentenceOf(want)) {
			return []string{fmt.Sprintf("%s is %v, want a text like %q", at, got, want)}
		}
	default:
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			return []string{fmt.Sprintf("%s is %v, want a value like %v", at, got, want)}
		}
	}
	return nil
}

func unlikeFields(at string, got, want map[string]any) (wrong []string) {
	for name, v := range want {
		value, there := got[name]
		_, differs := replayDiffers[name]
		switch {
		case differs:
		case !there:
			wrong = append(wrong, fmt.Sprintf("%s.%s is not there", at, name))
		default:
			wrong = append(wrong, unlike(at+"."+name, value, v)...)
		}
	}
	slices.Sort(wrong)
	return wrong
}

// sentenceOf is a text without what stands between its backquotes.
func sentenceOf(s string) string {
	parts := strings.Split(s, "`")
	for i := 1; i < len(parts); i += 2 {
		parts[i] = ""
	}
	return strings.Join(parts, "`")
}
