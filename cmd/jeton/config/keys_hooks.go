package config

// hookKeys are the settings of web hooks.
func hookKeys() []Key {
	return []Key{
		{Name: "hooks.timeout", Default: "10s", Type: Duration,
			Meaning: "How long a web hook's receiver may take to answer."},
		{Name: "hooks.concurrent", Default: "16", Type: Number,
			Meaning: "How many deliveries of web hooks are under way at a time, on each node. 0: 16."},
		{Name: "hooks.per_host", Default: "4", Type: Number,
			Meaning: "How many of them to one host, so that one that is slow keeps no others waiting. 0: 4."},
		{Name: "hooks.max", Default: "50", Type: Number,
			Meaning: "How many web hooks a repository, a group or the server may have. 0: 50."},
		{Name: "hooks.keep", Default: "100", Type: Number,
			Meaning: "How many deliveries of each web hook are kept to be looked at and sent again. 0: 100."},
		{Name: "hooks.max_waiting", Default: "1000", Type: Number,
			Meaning: "How many deliveries may wait for a web hook whose receiver fails; of further events it is not told. 0: 1000."},
		{Name: "hooks.give_up", Default: "72h", Type: Duration,
			Meaning: "After how long a web hook is switched off, and its maker told, while nothing comes through."},
		{Name: "hooks.commits", Default: "20", Type: Number,
			Meaning: "How many commits of a push a web hook is told, the newest ones. 0: 20."},
		{Name: "hooks.expiring_days", Default: "7", Type: Number,
			Meaning: "How many days before its end web hooks are told of a token (event token_expiring). 0: never."},
		{Name: "hooks.plain_tokens", Default: "false", Type: Switch,
			Meaning: "Let web hooks whose address begins with http:// carry a token: whoever is on the way can read it."},
	}
}
