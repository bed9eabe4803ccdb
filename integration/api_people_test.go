package integration

// apiPeopleRows are the rows of the methods about persons and user groups. Each makes whom it changes. They stand right
// behind the first rows, for get_users and get_user_groups list whom those before them have made.
func apiPeopleRows() []apiRow {
	rows := append(apiUserRows(), apiUserGroupRows()...)
	return append(rows, apiUserGroupPermissionRows()...)
}

// aUser makes somebody.
func aUser(name string) apiCall {
	return apiCall{Method: "create_user", Args: args{"username": name, "email": name + "@example.com", "firstname": "F", "lastname": "L"}, Save: name}
}

// aUserGroup makes a user group of the caller's.
func aUserGroup(name string) apiCall {
	return apiCall{Method: "create_user_group", Args: args{"group_name": name, "description": "of the rows"}, Save: name}
}

// idOf is a field of what aUser or aUserGroup has made.
func idOf(name, object, field string) func(*apiWorld) any {
	return func(w *apiWorld) any {
		made, _ := saved(name, object)(w).(map[string]any)
		return made[field]
	}
}

const (
	boundToken = "Access was denied to this resource. This token is bound to repositories, and this method is about something else. Use a token that is bound to nothing."
	notOneself = "userid is not the same as your user"
)

func apiUserRows() []apiRow {
	return []apiRow{
		{Name: "own", Method: "get_user", As: "reader", Golden: "people/get_user_own.json"},
		{Name: "by id", Method: "get_user", Before: []apiCall{aUser("gina")}, Args: args{"userid": idOf("gina", "user", "user_id")}, Golden: "people/get_user_new.json"},
		{Name: "another to who may not ask", Method: "get_user", As: "reader", Args: args{"userid": "ada"}, Error: notOneself},
		{Name: "nobody", Method: "get_user", Args: args{"userid": "nobody"}, Error: "user `nobody` does not exist"},
		{Name: "with a bound token", Method: "get_user", As: "bound", Error: boundToken},
		{Name: "everything", Method: "create_user", Args: args{"username": "hugo", "email": "hugo@example.com", "password": "long enough", "firstname": "Hugo", "lastname": "H",
			"description": "A row", "active": false, "admin": "True", "extern_type": "rhodecode", "extern_name": "rhodecode", "create_personal_repo_group": true}, Golden: "people/create_user.json"},
		{Name: "name taken", Method: "create_user", Args: args{"username": "ADA", "email": ""}, Error: "user `ADA` already exist"},
		{Name: "e-mail taken", Method: "create_user", Args: args{"username": "ines", "email": "ada@example.com"}, Error: "email `ada@example.com` already exist"},
		{Name: "bad password", Method: "create_user", Args: args{"username": "ines", "email": "", "password": "x"},
			Error: `{"password":"Not a password that can be used: it has fewer than 8 characters."}`},
		{Name: "some", Method: "update_user", Before: []apiCall{aUser("jan")}, Args: args{"userid": "jan", "username": "janus", "lastname": "", "active": "0"}, Golden: "people/update_user.json"},
		{Name: "oneself without the right", Method: "update_user", As: "owner", Args: args{"userid": "ada", "email": "x@example.com"},
			Error: "Access was denied to this resource. Changing one's own account needs a token with the right account."},
		{Name: "another's", Method: "update_user", As: "owner", Args: args{"userid": "bob", "email": "x@example.com"}, Error: notOneself},
		{Name: "gone", Method: "delete_user", Before: []apiCall{aUser("kim")}, Args: args{"userid": "kim"}, Golden: "people/delete_user.json"},
		{Name: "with what they own", Method: "delete_user", Before: []apiCall{aUser("lea"), {Method: "create_user_group", Args: args{"group_name": "leas", "owner": "lea"}}},
			Args: args{"userid": "lea", "handle_user_groups": "detach"}, Golden: "people/delete_user_owner.json"},
		{Name: "everybody", Method: "get_users", Golden: "people/get_users.json"},
		{Name: "none", Method: "get_user_locks", As: "owner", Golden: "people/get_user_locks.json"},
		{Name: "another's to who may not ask", Method: "get_user_locks", As: "reader", Args: args{"userid": "ada"}, Error: notOneself},
		{Name: "of who did nothing", Method: "get_user_audit_logs", Before: []apiCall{aUser("moe")}, Args: args{"userid": "moe"}, Golden: "people/get_user_audit_logs.json"},
		{Name: "another's to who may not ask", Method: "get_user_audit_logs", As: "reader", Args: args{"userid": "ada"}, Error: notOneself},
	}
}

func apiUserGroupRows() []apiRow {
	return []apiRow{
		{Name: "by name", Method: "get_user_group", As: "owner", Args: args{"usergroupid": "crew"}, Golden: "people/get_user_group.json"},
		{Name: "as a member", Method: "get_user_group", As: "reader", Args: args{"usergroupid": "CREW"}, Golden: "people/get_user_group_member.json"},
		{Name: "own", Method: "get_user_groups", As: "reader", Golden: "people/get_user_groups.json"},
		{Name: "none", Method: "get_user_groups", As: "stranger", Golden: "people/get_user_groups_none.json"},
		{Name: "new", Method: "create_user_group", Args: args{"group_name": "makers", "description": "Who makes it", "owner": "ada"}, Golden: "people/create_user_group.json"},
		{Name: "taken", Method: "create_user_group", Args: args{"group_name": "Crew"}, Error: "user group `Crew` already exist"},
		{Name: "owner of nowhere", Method: "create_user_group", Args: args{"group_name": "g", "owner": "nobody"}, Error: "user `nobody` does not exist"},
		{Name: "renamed", Method: "update_user_group", Before: []apiCall{aUserGroup("olds")}, Args: args{"usergroupid": idOf("olds", "user_group", "users_group_id"), "group_name": "news", "owner": "bob"},
			Golden: "people/update_user_group.json"},
		{Name: "gone", Method: "delete_user_group", Before: []apiCall{aUserGroup("goners")}, Args: args{"usergroupid": "goners"}, Golden: "people/delete_user_group.json"},
		{Name: "a member", Method: "add_user_to_user_group", Before: []apiCall{aUserGroup("adders")}, Args: args{"usergroupid": "adders", "userid": "ada"}, Golden: "people/add_user.json"},
		{Name: "a member already", Method: "add_user_to_user_group", Args: args{"usergroupid": "adders", "userid": "ada"}, Golden: "people/add_user_again.json"},
		{Name: "nobody", Method: "add_user_to_user_group", Args: args{"usergroupid": "adders", "userid": "nobody"}, Error: "user `nobody` does not exist"},
		{Name: "as a member", Method: "add_user_to_user_group", As: "reader", Args: args{"usergroupid": "crew", "userid": "eve"}, Error: "user group `crew` does not exist"},
		{Name: "a member", Method: "remove_user_from_user_group", Args: args{"usergroupid": "adders", "userid": "ada"}, Golden: "people/remove_user.json"},
		{Name: "no member", Method: "remove_user_from_user_group", Args: args{"usergroupid": "adders", "userid": "ada"}, Golden: "people/remove_user_again.json"},
	}
}

func apiUserGroupPermissionRows() []apiRow {
	toUser, toGroup := args{"usergroupid": "given", "userid": "eve", "perm": "usergroup.write"}, args{"usergroupid": "given", "sourceusergroupid": "crew", "perm": "usergroup.admin"}
	return []apiRow{
		{Name: "a person", Method: "grant_user_permission_to_user_group", Before: []apiCall{aUserGroup("given")}, Args: toUser, Golden: "people/grant_user.json"},
		{Name: "a wrong word", Method: "grant_user_permission_to_user_group", Args: args{"usergroupid": "given", "userid": "eve", "perm": "group.read"},
			Error: "permission `group.read` is invalid, should start with usergroup."},
		{Name: "no word", Method: "grant_user_permission_to_user_group", Args: args{"usergroupid": "given", "userid": "eve", "perm": "usergroup.all"}, Error: "permission `usergroup.all` does not exist"},
		{Name: "a user group", Method: "grant_user_group_permission_to_user_group", Args: toGroup, Golden: "people/grant_user_group.json"},
		{Name: "given", Method: "get_user_group", Args: args{"usergroupid": "given"}, Golden: "people/get_user_group_given.json"},
		{Name: "by whom it was given to", Method: "update_user_group", As: "reader", Args: args{"usergroupid": "given", "description": "by bob"}, Golden: "people/update_user_group_given.json"},
		{Name: "a person", Method: "revoke_user_permission_from_user_group", Args: args{"usergroupid": "given", "userid": "eve"}, Golden: "people/revoke_user.json"},
		{Name: "a user group", Method: "revoke_user_group_permission_from_user_group", Args: args{"usergroupid": "given", "sourceusergroupid": "crew"}, Golden: "people/revoke_user_group.json"},
	}
}

// apiJobRows are the rows of the methods about jobs, which look at the last fork that ada has made.
func apiJobRows() []apiRow {
	mine := apiCall{As: "owner", Method: "get_jobs", Args: args{"kind": "fork_repo", "limit": 1}, Save: "jobs"}
	one := func(w *apiWorld) any {
		list, _ := saved("jobs", "")(w).([]any)
		if len(list) == 0 {
			return "none"
		}
		job, _ := list[0].(map[string]any)
		return job["job_id"]
	}
	fork := apiCall{As: "owner", Method: "fork_repo", Args: args{"repoid": "team/app", "fork_name": "ada/forked"}}
	return []apiRow{
		{Name: "own", Method: "get_jobs", As: "owner", Before: []apiCall{fork}, Args: args{"kind": "fork_repo", "limit": 1}, Golden: "people/get_jobs.json"},
		{Name: "another's", Method: "get_jobs", As: "stranger", Golden: "people/get_jobs_none.json"},
		{Name: "all to who may not ask", Method: "get_jobs", As: "owner", Args: args{"all": true}, Error: "Access was denied to this resource. Administrators alone may list everybody's jobs."},
		{Name: "own", Method: "get_job", As: "owner", Before: []apiCall{mine}, Args: args{"jobid": one}, Golden: "people/get_job.json"},
		{Name: "nothing", Method: "get_job", As: "owner", Args: args{"jobid": "none"}, Error: "job `none` does not exist"},
		{Name: "ended already", Method: "cancel_job", As: "owner", Args: args{"jobid": one}, Golden: "people/get_job.json"},
		{Name: "nothing", Method: "cancel_job", Args: args{"jobid": "none"}, Error: "job `none` does not exist"},
	}
}
