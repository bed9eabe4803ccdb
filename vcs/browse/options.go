package browse

import "time"

// DiffOptions say how a diff looks; the zero value is what git does.
type DiffOptions struct {
	// Context is how many equal lines stand around a change; 0 means 3, a negative number none.
	Context int
	// IgnoreSpace takes lines for equal that differ in white space alone (git diff -w). Such a diff is to be read, not applied.
	IgnoreSpace bool
	// Path, where set, is one file or folder: what lies elsewhere is not looked at, so that a file that came from elsewhere
	// is a new one (git diff -- PATH).
	Path string
	// Binary says what is printed of files that are no text.
	Binary Binary
	// Version is what the last line of a patch names, such as "Jeton 1.0"; "" is "Jeton".
	Version string
	Limits
}

// Binary is what a diff prints of files that are no text.
type Binary int

const (
	// BinaryPatch prints all of it, so that git apply makes the file (git diff --binary).
	BinaryPatch Binary = iota
	// BinaryTold only says that they differ (git diff).
	BinaryTold
)

// Limits bound one diff; zeros mean the defaults that stand behind them. Where one is met files are left out, and the
// diff says so.
type Limits struct {
	// Files is how many files may have changed (10,000).
	Files int
	// Bytes is how large the answer may be (32 MiB). A patch is held in memory until its diffstat is known.
	Bytes int64
	// Blob is how large a file may be of which lines are compared or a binary patch is made, in bytes (8 MiB). Of a larger one
	// it is told that it differs. A few times as much is held in memory.
	Blob int64
	// Time is how long the work may take (20 s); one file, once begun, is ended.
	Time time.Duration
}

// maxContext is how many lines of context are the whole file for every file that is compared by lines.
const maxContext = 1 << 24

func (o DiffOptions) withDefaults() DiffOptions {
	switch {
	case o.Context == 0:
		o.Context = 3
	case o.Context < 0:
		o.Context = 0
	}
	o.Context = min(o.Context, maxContext)
	if o.Version == "" {
		o.Version = "Jeton"
	}
	if o.Files <= 0 {
		o.Files = 10_000
	}
	if o.Bytes <= 0 {
		o.Bytes = 32 << 20
	}
	if o.Blob <= 0 {
		o.Blob = 8 << 20
	}
	if o.Time <= 0 {
		o.Time = 20 * time.Second
	}
	return o
}
