package integration

// Two public keys whose private halves were thrown away.
const (
	firstKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO6X7+HhUBuzNEXI5vnWN7oCFZlHut22pS61rJBZaWeq laptop"
	secondKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINQlSRsGR71awKqxYwbjLI/8bGOB+tUNFL0AU5/50WOy desk"
)

// apiAdministrationRows are the rows of the methods about groups of repositories, tokens, SSH keys and the server.
func apiAdministrationRows() []apiRow {
	rows := apiGroupRows()
	rows = append(rows, apiTokenRows()...)
	return append(rows, apiServerRows()...)
}

func apiGroupRows() []apiRow {
	apes := func(more args) args {
		given := args{"repogroupid": "apes"}
		for name, v := range more {
			given[name] = v
		}
		return given
	}
	const grant, revoke = "grant_user_permission_to_repo_group", "revoke_user_permission_from_repo_group"
	return []apiRow{
		{Name: "made", Method: "create_repo_group", Args: args{"group_name": "apes", "description": "Primates", "owner": "ada"}, Golden: "groups/create_repo_group.json"},
		{Name: "taken", Method: "create_repo_group", Args: args{"group_name": "Apes"}, Error: "{\"unique_repo_group_name\":\"Repository group with name `Apes` already exists\"}"},
		{Name: "for somebody else", Method: "create_repo_group", As: "owner", Args: args{"group_name": "apes/new", "owner": "bob"}, Error: "Only RhodeCode super-admin can specify `owner` param"},
		{Name: "shown", Method: "get_repo_group", As: "owner", Args: apes(nil), Golden: "groups/get_repo_group.json"},
		{Name: "of who may read none", Method: "get_repo_groups", As: "stranger", Golden: "groups/get_repo_groups.json"},
		{Name: "given", Method: grant, As: "owner", Args: apes(args{"userid": "bob", "perm": "group.read", "apply_to_children": "all"}), Golden: "groups/grant_user.json"},
		{Name: "given to nobody", Method: grant, As: "owner", Args: apes(args{"userid": "nobody-at-all", "perm": "group.read"}), Error: "user `nobody-at-all` does not exist"},
		{Name: "given what is none", Method: grant, As: "owner", Args: apes(args{"userid": "bob", "perm": "haha.no.permission"}), Error: "permission `haha.no.permission` does not exist"},
		{Name: "given to a reader by a reader", Method: grant, As: "reader", Args: apes(args{"userid": "bob", "perm": "group.admin"}), Error: "repository group `apes` does not exist"},
		{Name: "taken", Method: revoke, As: "owner", Args: apes(args{"userid": "bob"}), Golden: "groups/revoke_user.json"},
		{Name: "given", Method: "grant_user_group_permission_to_repo_group", As: "owner", Args: apes(args{"usergroupid": "crew", "perm": "group.write"}), Golden: "groups/grant_user_group.json"},
		{Name: "given to none", Method: "grant_user_group_permission_to_repo_group", As: "owner", Args: apes(args{"usergroupid": "no-such", "perm": "group.write"}), Error: "user group `no-such` does not exist"},
		{Name: "taken", Method: "revoke_user_group_permission_from_repo_group", As: "owner", Args: apes(args{"usergroupid": "crew"}), Golden: "groups/revoke_user_group.json"},
		{Name: "described", Method: "update_repo_group", As: "owner", Args: apes(args{"description": "Great ones"}), Golden: "groups/update_repo_group.json"},
		{Name: "moved where nothing is", Method: "update_repo_group", As: "owner", Args: apes(args{"group_name": "nothing/apes"}), Error: "{\"repo_group\":\"Parent repository group `nothing` does not exist\"}"},
		{Name: "in one's own name", Method: "get_audit_log", As: "owner", Args: args{"action": "group.describe"}, Golden: "server/get_audit_log.json"},
		{Name: "deleted", Method: "delete_repo_group", As: "owner", Args: apes(nil), Golden: "groups/delete_repo_group.json"},
	}
}

func apiTokenRows() []apiRow {
	build := args{"label": "build", "kind": "vcs", "repositories": []string{"team/app"}, "access": "read", "expires": "30d"}
	made := func(name string) []apiCall {
		return []apiCall{{Method: "create_auth_token", Args: args{"label": name, "kind": "vcs", "repositories": []string{"team/app"}}, Save: name}}
	}
	const none = "auth token `gone` does not exist"
	return []apiRow{
		{Name: "made", Method: "create_auth_token", Args: build, Golden: "tokens/create_auth_token.json"},
		{Name: "for nobody", Method: "create_auth_token", Args: args{"label": "x", "kind": "vcs", "userid": "nobody-at-all"}, Error: "user `nobody-at-all` does not exist"},
		{Name: "in a repository that is not there", Method: "create_auth_token", Args: args{"label": "x", "kind": "vcs", "repositories": "no/such"}, Error: "repository `no/such` does not exist"},
		{Name: "of a group", Method: "get_auth_tokens", Args: args{"repogroupid": "zoo"}, Golden: "tokens/get_auth_tokens.json", Before: []apiCall{
			{Method: "create_repo_group", Args: args{"group_name": "zoo"}},
			{Method: "create_auth_token", Args: args{"label": "deploy", "kind": "vcs", "access": "read", "deploy_repogroupid": "zoo"}}}},
		{Name: "rotated", Method: "rotate_auth_token", Before: made("rotated"), Args: args{"auth_token_id": saved("rotated", "auth_token_id"), "idempotency_key": "1"}, Golden: "tokens/rotate_auth_token.json"},
		{Name: "unknown", Method: "rotate_auth_token", Args: args{"auth_token_id": "gone"}, Error: none},
		{Name: "revoked", Method: "revoke_auth_token", Before: made("revoked"), Args: args{"auth_token": saved("revoked", "auth_token"), "with_made": true}, Golden: "tokens/revoke_auth_token.json"},
		{Name: "unknown", Method: "revoke_auth_token", Args: args{"auth_token_id": "gone"}, Error: none},
		{Name: "explained", Method: "explain_auth_token", Before: made("explained"), Args: args{"auth_token_id": saved("explained", "auth_token_id"), "repoid": "team/app"}, Golden: "tokens/explain_auth_token.json"},
		{Name: "unknown", Method: "explain_auth_token", Args: args{"auth_token_id": "gone"}, Error: none},
		{Name: "added", Method: "add_ssh_key", Args: args{"key": firstKey, "userid": "bob"}, Golden: "tokens/add_ssh_key.json"},
		{Name: "without the right", Method: "add_ssh_key", As: "owner", Args: args{"key": secondKey}, Error: "Access was denied to this resource. This token has not the right \"account\", which is needed here. Make one with it."},
		{Name: "to a repository that is not there", Method: "add_ssh_key", Args: args{"key": secondKey, "repoid": "no/such"}, Error: "repository `no/such` does not exist"},
		{Name: "listed", Method: "get_ssh_keys", As: "reader", Golden: "tokens/get_ssh_keys.json"},
		{Name: "of somebody else", Method: "get_ssh_keys", As: "reader", Args: args{"userid": "ada"}, Error: "userid is not the same as your user"},
		{Name: "removed", Method: "remove_ssh_key", Before: []apiCall{{Method: "add_ssh_key", Args: args{"key": secondKey, "repoid": "team/app", "access": "write"}, Save: "key"}},
			Args: args{"key_id": saved("key", "key_id")}, Golden: "tokens/remove_ssh_key.json"},
		{Name: "unknown", Method: "remove_ssh_key", Args: args{"key_id": "gone"}, Error: "ssh key `gone` does not exist"},
	}
}

func apiServerRows() []apiRow {
	return []apiRow{
		{Name: "told", Method: "get_server_info", Golden: "server/get_server_info.json"},
		{Name: "told", Method: "get_repo_store", Golden: "server/get_repo_store.json"},
		{Name: "nothing is gone", Method: "rescan_repos", Args: args{"remove_obsolete": true}, Golden: "server/rescan_repos.json"},
		{Name: "listed", Method: "get_auth_plugins", Golden: "server/get_auth_plugins.json"},
		{Name: "switched on", Method: "set_auth_plugin", Args: args{"plugin": "egg:rhodecode-enterprise-ce#token", "enabled": true}, Golden: "server/set_auth_plugin.json"},
		{Name: "unknown", Method: "set_auth_plugin", Args: args{"plugin": "saml", "enabled": true}, Error: "auth plugin `saml` does not exist"},
		{Name: "the last way in", Method: "set_auth_plugin", Args: args{"plugin": "password", "enabled": false},
			Error: "This is the last way by which people sign in. Switch another one on first, or send `force`: true"},
		{Name: "told", Method: "get_server_metrics", Golden: "server/get_server_metrics.json"},
	}
}
