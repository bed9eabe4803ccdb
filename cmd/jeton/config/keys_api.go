package config

// apiKeys are the settings of the API.
func apiKeys() []Key {
	return []Key{
		{Name: "api.max_request", Default: "1MiB", Type: Size,
			Meaning: "Largest body of a call. A few times as much may be held in memory for each that is read or runs (api.max_concurrent)."},
		{Name: "api.body_time", Default: "30s", Type: Duration,
			Meaning: "How long the body of a call may take to arrive."},
		{Name: "api.timeout", Default: "2m", Type: Duration,
			Meaning: "How long a call may take; long work, such as a fork, goes on as a job."},
		{Name: "api.max_concurrent", Default: "64", Type: Number,
			Meaning: "How many calls run at a time, half of them for one token at most, and how many bodies are read at a time, half of them from one network; who comes then is told to come again (503). 0: 64."},
		{Name: "api.token_calls", Default: "6000", Type: Number,
			Meaning: "Calls a minute of one token, which may also come all at once; who sends more is told how long to wait (429). 0: as many as it likes."},
		{Name: "api.address_calls", Default: "12000", Type: Number,
			Meaning: "Requests a minute to the API from one address (IPv6: one network of 64 bits), whatever their token. 0: as many as it likes."},
	}
}
