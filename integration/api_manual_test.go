package integration

// apiManualRows are the rows of the methods about the API itself.
func apiManualRows() []apiRow {
	return []apiRow{
		{Name: "one", Method: "get_method", As: "stranger", Args: args{"pattern": "get_ip"}, Golden: "manual/get_method.json"},
		{Name: "with a bound token", Method: "get_method", As: "bound", Args: args{"pattern": "get_i?"}, Golden: "manual/get_method.json"},
		{Name: "no pattern", Method: "get_method", Args: args{"pattern": "["}, Error: "Invalid `pattern` arg in JSON DATA: it is no pattern, since a [ or \\ in it is not ended"},
		{Name: "own", Method: "get_ip", As: "reader", Golden: "manual/get_ip.json"},
		{Name: "another's", Method: "get_ip", Args: args{"userid": "ada"}, Golden: "manual/get_ip.json"},
		{Name: "another's, to who may not ask", Method: "get_ip", As: "reader", Args: args{"userid": "ada"}, Error: "userid is not the same as your user"},
		{Name: "with a bound token", Method: "get_ip", As: "bound",
			Error: "Access was denied to this resource. This token is bound to repositories, and this method is about something else. Use a token that is bound to nothing."},
	}
}

// apiOwnRows are the rows of asking about oneself and what one owns, by name and by id.
func apiOwnRows() []apiRow {
	return []apiRow{
		{Name: "by name", Method: "get_user_group", As: "owner", Args: args{"usergroupid": "crew"}, Golden: "own/get_user_group.json"},
		{Name: "oneself", Method: "get_user", As: "stranger", Golden: "own/get_user.json"},
		{Name: "by id", Method: "get_user", As: "stranger", Before: []apiCall{{As: "stranger", Method: "get_user", Save: "eve"}},
			Args: args{"userid": saved("eve", "user_id")}, Golden: "own/get_user.json"},
		{Name: "nothing is locked", Method: "get_user_locks", As: "owner", Golden: "own/get_user_locks.json"},
	}
}
