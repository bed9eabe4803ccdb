package config

// jobKeys are the settings of what the server does besides answering.
func jobKeys() []Key {
	return []Key{
		{Name: "jobs.concurrent", Default: "2", Type: Number,
			Meaning: "How many jobs (forks, fetches from elsewhere, deletions) run at a time, on each node; the rest waits. 0: 2."},
		{Name: "jobs.wait", Default: "5s", Type: Duration, Zero: true,
			Meaning: "How long an API method that works as a job waits for its end, so that what is quick is done when it answers; where it is not, it answers the job's id as task."},
		{Name: "jobs.keep", Default: "168h", Type: Duration,
			Meaning: "How long the state, result and error of a job can be asked for after its end."},
		{Name: "jobs.max_queued", Default: "1000", Type: Number,
			Meaning: "How many jobs may wait at a time; more are refused."},
		{Name: "jobs.max_queued_per_owner", Default: "100", Type: Number,
			Meaning: "How many jobs of one person may wait at a time; more are refused."},
	}
}
