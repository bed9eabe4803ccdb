package config

// contentKeys are the settings of what the API tells of repositories' commits, files and refs.
func contentKeys() []Key {
	return []Key{
		{Name: "api.max_reading", Default: "16", Type: Number,
			Meaning: "How many calls of the API read commits, files or refs at a time, half of them for one person; who comes then is told to come again."},
		{Name: "api.read_time", Default: "1m", Type: Duration,
			Meaning: "How long one such call may take."},
		{Name: "api.max_entries", Default: "10000", Type: Number,
			Meaning: "How many files and folders, or refs, one answer of the API holds; what would be larger is refused, and asked for in parts."},
		{Name: "api.max_content", Default: "16MiB", Type: Size,
			Meaning: "How much of what is in files and diffs one answer of the API holds. A few times as much is held in memory."},
		{Name: "api.max_read", Default: "1GiB", Type: Size,
			Meaning: "How much is read of files for one answer of the API, for their checksums; also the largest file that is told of."},
		{Name: "api.max_counted", Default: "100000", Type: Number,
			Meaning: "How many commits a history may have whose commits are numbered, as RhodeCode numbers them (revision); in longer ones the number is -1."},
	}
}
