package integration

// makes is a call that makes a repository of ada's for a row.
func makes(path string, more args) apiCall {
	given := args{"repo_name": path, "repo_type": "git", "private": true}
	for name, v := range more {
		given[name] = v
	}
	return apiCall{As: "owner", Method: "create_repo", Args: given}
}

// apiReposRows are the rows of the methods about repositories as such.
func apiReposRows() []apiRow {
	rows := []apiRow{
		{Name: "by its name", Method: "get_repo", As: "reader", Args: args{"repoid": "team/app"}, Golden: "repos/get_repo.json"},
		{Name: "by its name, to a bound token", Method: "get_repo", As: "bound", Args: args{"repoid": "TEAM/app", "cache": "False"}, Golden: "repos/get_repo_owner.json"},
		{Name: "by its id", Method: "get_repo", As: "reader", Before: []apiCall{{As: "reader", Method: "get_repo", Args: args{"repoid": "team/app"}, Save: "app"}},
			Args: args{"repoid": saved("app", "repo_id")}, Golden: "repos/get_repo.json"},
		{Name: "without commits, to an administrator", Method: "get_repo", Before: []apiCall{makes("ada/empty", args{"description": "Nothing yet"})},
			Args: args{"repoid": "ada/empty"}, Golden: "repos/get_repo_empty.json"},

		{Name: "what a token is bound to", Method: "get_repos", As: "bound", Golden: "repos/get_repos_bound.json"},
		{Name: "in a group that one may not see", Method: "get_repos", As: "stranger", Args: args{"root": "team"}, Error: "repository group `team` does not exist"},
		{Name: "in a group", Method: "get_repos", As: "owner", Before: []apiCall{makes("ada/listed/one", nil), makes("ada/listed/deep/two", nil)}, Args: args{"root": "ada/listed"},
			Golden: "repos/get_repos.json"},
		{Name: "in a group, and not in groups below", Method: "get_repos", As: "owner", Args: args{"root": "ada/listed", "traverse": false}, Golden: "repos/get_repos_top.json"},

		{Name: "with all that it takes", Method: "create_repo", Args: args{"repo_name": "team/deep/new", "repo_type": "git", "owner": "ada", "description": "New", "private": true,
			"landing_rev": "branch:trunk", "enable_downloads": false, "enable_statistics": "False", "enable_locking": 0, "copy_permissions": true, "clone_uri": nil},
			Golden: "repos/create_repo.json"},
		{Name: "once more", Method: "create_repo", Args: args{"repo_name": "team/deep/new", "repo_type": "git"}, Error: "repo `team/deep/new` already exist"},
		{Name: "at a group's path", Method: "create_repo", Args: args{"repo_name": "team/deep", "repo_type": "git"}, Error: "repository group `team/deep` already exist"},
		{Name: "of another kind", Method: "create_repo", Args: args{"repo_name": "ada/x", "repo_type": "hg"}, Error: "Invalid backend type hg. Jeton has git repositories alone."},
		{Name: "for somebody else", Method: "create_repo", As: "owner", Args: args{"repo_name": "ada/x", "repo_type": "git", "owner": "bob"},
			Error: "Only RhodeCode admin can specify `owner` param"},
		{Name: "for nobody", Method: "create_repo", Args: args{"repo_name": "ada/x", "repo_type": "git", "owner": "nobody"}, Error: "user `nobody` does not exist"},

		{Name: "description, name and more", Method: "update_repo", As: "owner", Before: []apiCall{makes("ada/old", nil)}, Args: args{"repoid": "ada/old", "name": "ada/renamed",
			"description": "Changed", "private": false, "archived": true, "enable_downloads": false, "fork_of": "team/app"}, Golden: "repos/update_repo.json"},
		{Name: "to a path that is taken", Method: "update_repo", As: "owner", Args: args{"repoid": "ada/renamed", "repo_name": "ada/empty"}, Error: "repo `ada/empty` already exist"},
		{Name: "to an owner, by who is no administrator", Method: "update_repo", As: "owner", Args: args{"repoid": "ada/renamed", "owner": "bob"},
			Error: "Only RhodeCode admin can specify `owner` param"},
		{Name: "by who may only read", Method: "update_repo", As: "reader", Args: args{"repoid": "team/app"}, Error: "repository `team/app` does not exist"},
		{Name: "to a branch that is not there", Method: "update_repo", As: "owner", Args: args{"repoid": "team/app", "landing_rev": "branch:none"},
			Error: "The repository has no branch `none` that could be its default one."},

		{Name: "what one may read", Method: "fork_repo", As: "reader", Args: args{"repoid": "team/app", "fork_name": "bob/app", "description": "Mine"}, Golden: "repos/fork_repo.json"},
		{Name: "a fork, shown", Method: "get_repo", As: "reader", Args: args{"repoid": "bob/app"}, Golden: "repos/get_repo_fork.json"},
		{Name: "once more", Method: "fork_repo", As: "reader", Args: args{"repoid": "team/app", "fork_name": "bob/app"}, Error: "fork `bob/app` already exist"},
		{Name: "what one may not see", Method: "fork_repo", As: "stranger", Args: args{"repoid": "team/app", "fork_name": "eve/app"}, Error: "repository `team/app` does not exist"},
		{Name: "an archived one", Method: "fork_repo", As: "owner", Args: args{"repoid": "team/old", "fork_name": "ada/of-old"}, Golden: "repos/fork_repo_archived.json"},

		{Name: "with forks", Method: "delete_repo", Before: []apiCall{makes("ada/base", nil), {As: "owner", Method: "fork_repo", Args: args{"repoid": "ada/base", "fork_name": "ada/fork"}}},
			Args: args{"repoid": "ada/base"}, Error: "Cannot delete `ada/base` it still contains attached forks"},
		{Name: "and detach its forks", Method: "delete_repo", As: "owner", Args: args{"repoid": "ada/base", "forks": "detach"}, Golden: "repos/delete_repo_detach.json"},
		{Name: "twice", Method: "delete_repo", As: "owner", Args: args{"repoid": "ada/base"}, Error: "repository `ada/base` does not exist"},
		{Name: "with its forks", Method: "delete_repo", As: "owner", Before: []apiCall{{As: "owner", Method: "fork_repo", Args: args{"repoid": "ada/fork", "fork_name": "ada/fork2"}}},
			Args: args{"repoid": "ada/fork", "forks": "delete"}, Golden: "repos/delete_repo_delete.json"},
		{Name: "alone", Method: "delete_repo", As: "owner", Args: args{"repoid": "ada/of-old"}, Golden: "repos/delete_repo.json"},

		{Name: "by its owner", Method: "invalidate_cache", As: "owner", Args: args{"repoid": "team/app", "delete_keys": true}, Golden: "repos/invalidate_cache.json"},
		{Name: "by who may only read", Method: "invalidate_cache", As: "reader", Args: args{"repoid": "team/app"}, Error: "repository `team/app` does not exist"},
		{Name: "by its owner", Method: "maintenance", As: "owner", Args: args{"repoid": "team/app"}, Golden: "repos/maintenance.json"},
		{Name: "by who may only read", Method: "maintenance", As: "reader", Args: args{"repoid": "team/app"}, Error: "repository `team/app` does not exist"},
	}
	rows = append(rows, apiLockRows()...)
	rows = append(rows, apiGrantRows()...)
	return append(rows, apiSettingsRows()...)
}

// apiLockRows are the rows of lock, whose replies hold the time of each as a number that is masked.
func apiLockRows() []apiRow {
	return []apiRow{
		{Name: "not locked", Method: "lock", As: "owner", Args: args{"repoid": "team/app"}, Golden: "repos/lock_none.json"},
		{Name: "by oneself", Method: "lock", As: "owner", Args: args{"repoid": "team/app", "locked": true, "userid": "ada"}, Golden: "repos/lock.json"},
		{Name: "how it stands", Method: "lock", Args: args{"repoid": "team/app"}, Golden: "repos/lock_state.json"},
		{Name: "for somebody else", Method: "lock", As: "owner", Args: args{"repoid": "team/app", "locked": true, "userid": "bob"}, Error: "userid is not the same as your user"},
		{Name: "for somebody else, by an administrator", Method: "lock", Args: args{"repoid": "team/app", "locked": "true", "userid": "bob"}, Golden: "repos/lock_other.json"},
		{Name: "locked, shown", Method: "get_repo", As: "owner", Args: args{"repoid": "team/app"}, Golden: "repos/get_repo_locked.json"},
		{Name: "for nobody", Method: "lock", Args: args{"repoid": "team/app", "locked": true, "userid": "nobody"}, Error: "user `nobody` does not exist"},
		{Name: "given back", Method: "lock", As: "owner", Args: args{"repoid": "team/app", "locked": "0"}, Golden: "repos/unlock.json"},
	}
}

// apiGrantRows are the rows of what is given on repositories.
func apiGrantRows() []apiRow {
	on := func(more args) args {
		given := args{"repoid": "ada/empty"}
		for name, v := range more {
			given[name] = v
		}
		return given
	}
	return []apiRow{
		{Name: "write", Method: "grant_user_permission", As: "owner", Args: on(args{"userid": "eve", "perm": "repository.write"}), Golden: "repos/grant_user.json"},
		{Name: "to nobody", Method: "grant_user_permission", As: "owner", Args: on(args{"userid": "nobody", "perm": "repository.write"}), Error: "user `nobody` does not exist"},
		{Name: "of another thing", Method: "grant_user_permission", As: "owner", Args: on(args{"userid": "eve", "perm": "group.write"}),
			Error: "permission `group.write` is invalid, should start with repository."},
		{Name: "of no kind", Method: "grant_user_permission", As: "owner", Args: on(args{"userid": "eve", "perm": "all"}), Error: "permission `all` does not exist"},
		{Name: "by who may only write", Method: "grant_user_permission", As: "stranger", Args: on(args{"userid": "eve", "perm": "repository.admin"}), Error: "repository `ada/empty` does not exist"},
		{Name: "taken away", Method: "revoke_user_permission", As: "owner", Args: on(args{"userid": "eve"}), Golden: "repos/revoke_user.json"},
		{Name: "from nobody", Method: "revoke_user_permission", As: "owner", Args: on(args{"userid": "nobody"}), Error: "user `nobody` does not exist"},
		{Name: "admin", Method: "grant_user_group_permission", As: "owner", Args: on(args{"usergroupid": "crew", "perm": "repository.admin"}), Golden: "repos/grant_user_group.json"},
		{Name: "shown", Method: "get_repo", As: "owner", Args: on(nil), Golden: "repos/get_repo_given.json"},
		{Name: "to no group", Method: "grant_user_group_permission", As: "owner", Args: on(args{"usergroupid": "none", "perm": "repository.read"}), Error: "user group `none` does not exist"},
		{Name: "taken away", Method: "revoke_user_group_permission", As: "owner", Args: on(args{"usergroupid": "crew"}), Golden: "repos/revoke_user_group.json"},
		{Name: "from no group", Method: "revoke_user_group_permission", As: "owner", Args: on(args{"usergroupid": "none"}), Error: "user group `none` does not exist"},
	}
}

// apiSettingsRows are the rows of the settings of repositories.
func apiSettingsRows() []apiRow {
	return []apiRow{
		{Name: "all", Method: "get_repo_settings", As: "owner", Args: args{"repoid": "ada/empty"}, Golden: "repos/get_repo_settings.json"},
		{Name: "by who may only read", Method: "get_repo_settings", As: "reader", Args: args{"repoid": "team/app"}, Error: "repository `team/app` does not exist"},
		{Name: "several", Method: "set_repo_settings", As: "owner", Args: args{"repoid": "ada/empty", "settings": args{"receive.deny_force": true, "fetch.hide_refs": []string{"refs/pull"},
			"downloads": "off", "hooks_changegroup_push_logger": true}}, Golden: "repos/set_repo_settings.json"},
		{Name: "changed ones", Method: "get_repo_settings", As: "owner", Args: args{"repoid": "ada/empty"}, Golden: "repos/get_repo_settings_set.json"},
		{Name: "one", Method: "get_repo_settings", As: "owner", Args: args{"repoid": "ada/empty", "key": "receive.deny_force"}, Golden: "repos/get_repo_settings_one.json"},
		{Name: "that cannot be", Method: "set_repo_settings", As: "owner", Args: args{"repoid": "ada/empty", "settings": args{"rhodecode_pr_merge_enabled": true}},
			Error: "rhodecode_pr_merge_enabled is always false: there are no pull requests"},
		{Name: "with a bad value", Method: "set_repo_settings", As: "owner", Args: args{"repoid": "ada/empty", "settings": args{"fetch.wants": "all"}},
			Error: "not a valid rule: fetch.wants is reachable or advertised, not \"all\""},
	}
}
