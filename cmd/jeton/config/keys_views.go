package config

// viewKeys are the settings of what is answered over HTTP besides git: raw files, diffs, patches, feeds.
func viewKeys() []Key {
	return []Key{
		{Name: "view.max_concurrent", Default: "64", Type: Number,
			Meaning: "How many raw files, diffs and patches are worked on at a time, half of them for guests at most, half for one credential and a quarter for one network of guests; who comes then is told to come again (503)."},
		{Name: "view.timeout", Default: "1h", Type: Duration,
			Meaning: "How long one raw file, diff or patch may take in all, however slowly it is read."},
		{Name: "view.max_file", Default: "16GiB", Type: Size,
			Meaning: "Largest file that is sent raw. One that lies in its pack as a difference to another, and is larger than 16MiB, is put together on disk first."},
		{Name: "view.max_diff_time", Default: "20s", Type: Duration,
			Meaning: "How long the server works on one diff or patch; what is not done by then is left out, and the answer says so."},
		{Name: "view.max_diff_bytes", Default: "32MiB", Type: Size,
			Meaning: "How large one diff or patch becomes; what goes beyond is left out, and the answer says so. A patch is held in memory."},
		{Name: "view.max_diff_files", Default: "10000", Type: Number,
			Meaning: "Of how many files one diff or patch tells."},
		{Name: "view.max_diff_file", Default: "8MiB", Type: Size,
			Meaning: "Largest file of which a diff shows what has changed; of larger ones it says that they differ. A few times as much is held in memory."},
		{Name: "view.max_patches", Default: "1000", Type: Number,
			Meaning: "How many commits compare/A...B.patch holds at most; where there are more it is refused."},
		{Name: "feed.entries", Default: "50", Type: Number,
			Meaning: "Most entries of a feed: commits, tags or pushes. 0, here and for the limits below: the default. See docs/feeds.md."},
		{Name: "feed.ttl", Default: "15m", Type: Duration,
			Meaning: "How long readers of RSS are asked to wait before they come again; whole minutes, one at least."},
		{Name: "feed.memory", Default: "32MiB", Type: Size,
			Meaning: "Memory for finished feeds, which are made anew only after a change."},
		{Name: "feed.max_walk", Default: "100000", Type: Number,
			Meaning: "Most commits that are looked at for one feed; a feed of one path (?path=) shows what it finds among so many."},
		{Name: "feed.max_diff", Default: "16KiB", Type: Size,
			Meaning: "Longest diff of one entry of a feed with diffs (?diff=1); what is longer ends in a notice that says how to get the whole."},
		{Name: "feed.timeout", Default: "30s", Type: Duration,
			Meaning: "How long a feed may be worked at."},
	}
}
