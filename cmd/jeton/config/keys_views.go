package config

// viewKeys are the settings of what is answered over HTTP besides git: raw files, diffs, patches.
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
	}
}
