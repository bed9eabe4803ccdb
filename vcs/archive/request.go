package archive

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"jeton/vcs/wire"
)

const (
	// maxArguments is how many arguments a request may have, as in C git.
	maxArguments = 63
	// maxRequest is how large they may be together, in bytes.
	maxRequest = 64 << 10
)

// request is what a client asks for.
type request struct {
	format  Format
	level   int
	prefix  string
	rev     string
	paths   []string
	mtime   time.Time // zero where it was not given
	list    bool      // nothing but the formats
	verbose bool
}

// readArguments reads the arguments of a request up to the flush: "argument " and one argument in each packet.
func readArguments(in *wire.Reader) ([]string, error) {
	var args []string
	size := 0
	for {
		packet, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil, refuse("the request ends before its flush packet")
		}
		if err != nil {
			return nil, err
		}
		if packet.Kind == wire.Flush {
			return args, nil
		}
		arg, ok := strings.CutPrefix(packet.Line(), "argument ")
		if packet.Kind != wire.Data || !ok {
			return nil, refuse("'argument' token or flush expected")
		}
		if strings.IndexByte(arg, 0) >= 0 {
			return nil, refuse("an argument holds a NUL byte")
		}
		if len(args) == maxArguments {
			return nil, refuse("Too many options (>%d)", maxArguments)
		}
		if size += len(arg); size > maxRequest {
			return nil, refuse("the arguments are longer than %d bytes together", maxRequest)
		}
		args = append(args, arg)
	}
}

// option is a long option of git-archive; its value, where it takes one, is handed to set.
type option struct {
	name  string
	value bool
	set   func(q *request, value string) error
}

// options are those that mean something to a server. What git keeps to itself (--remote, --output, …) it does not send.
func options() []option {
	return []option{
		{"format", true, func(q *request, v string) error { q.format = Format(v); return nil }},
		{"prefix", true, (*request).setPrefix},
		{"mtime", true, (*request).setTime},
		{"list", false, func(q *request, _ string) error { q.list = true; return nil }},
		{"verbose", false, func(q *request, _ string) error { q.verbose = true; return nil }},
		{"worktree-attributes", false, func(*request, string) error { return nil }}, // there is no work tree here, nor in any bare repository
		{"add-file", true, local("--add-file")},
		{"add-virtual-file", true, local("--add-virtual-file")},
		{"output", true, local("--output")},
		{"remote", true, local("--remote")},
		{"exec", true, local("--exec")},
	}
}

func local(name string) func(*request, string) error {
	return func(*request, string) error { return refuse("Unexpected option %s", name) }
}

// parse understands arguments as git-archive's own command line: options may stand anywhere before "--".
func parse(args []string) (request, error) {
	q := request{format: Tar, level: Default}
	var rest []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case strings.HasPrefix(arg, "--"):
			taken, err := q.long(arg[2:], args[i+1:])
			if err != nil {
				return q, err
			}
			i += taken
		case len(arg) > 1 && arg[0] == '-':
			if err := q.short(arg[1:]); err != nil {
				return q, err
			}
		default:
			rest = append(rest, arg)
		}
	}
	return q, q.finish(rest)
}

// finish looks at what was given as a whole.
func (q *request) finish(rest []string) error {
	if q.list {
		if len(rest) > 0 {
			return refuse("extra command line parameter '%s'", wire.Escape(rest[0]))
		}
		return nil
	}
	if len(rest) == 0 {
		return refuse("must specify a revision, such as HEAD or a tag")
	}
	q.rev, q.paths = rest[0], rest[1:]
	if !q.format.known() {
		return refuse("Unknown archive format '%s'", wire.Escape(string(q.format)))
	}
	if q.level != Default && !q.format.compresses() {
		return refuse("Argument not supported for format '%s': -%d", q.format, q.level)
	}
	return nil
}

// long takes a long option, which may be shortened as long as it stays the only one that begins so. It returns how many
// of the arguments behind it belong to it.
func (q *request) long(arg string, next []string) (int, error) {
	name, value, given := strings.Cut(arg, "=")
	var found []option
	for _, o := range options() {
		if o.name == name {
			found = []option{o}
			break
		}
		if name != "" && strings.HasPrefix(o.name, name) {
			found = append(found, o)
		}
	}
	switch {
	case len(found) == 0:
		return 0, refuse("unknown option `%s'", wire.Escape(name))
	case len(found) > 1:
		return 0, refuse("ambiguous option: %s (could be --%s or --%s)", wire.Escape(name), found[0].name, found[1].name)
	case !found[0].value && given:
		return 0, refuse("option `%s' takes no value", found[0].name)
	case found[0].value && !given && len(next) == 0:
		return 0, refuse("option `%s' requires a value", found[0].name)
	case found[0].value && !given:
		return 1, found[0].set(q, next[0])
	}
	return 0, found[0].set(q, value)
}

// short takes what stands behind one dash: a level of compression, -l, -v, or the two together.
func (q *request) short(arg string) error {
	if n, err := strconv.Atoi(arg); err == nil && arg[0] != '+' && arg[0] != '-' {
		if n > 9 {
			return refuse("compression is -0 to -9, not '-%s'", wire.Escape(arg))
		}
		q.level = n
		return nil
	}
	for _, c := range arg {
		switch c {
		case 'l':
			q.list = true
		case 'v':
			q.verbose = true
		case 'o':
			return refuse("Unexpected option --output")
		default:
			return refuse("unknown switch `%s'", wire.Escape(string(c)))
		}
	}
	return nil
}

func (q *request) setPrefix(v string) error {
	if len(v) >= maxPath {
		return refuse("the prefix is longer than %d bytes", maxPath)
	}
	q.prefix = v
	return nil
}

// setTime reads a date that says by itself when it is: git understands many more, such as «yesterday», which would make
// another archive each time.
func (q *request) setTime(v string) error {
	if n, err := strconv.ParseInt(strings.TrimPrefix(v, "@"), 10, 64); err == nil && n >= 0 && n <= maxTime {
		q.mtime = time.Unix(n, 0)
		return nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05", time.DateTime, time.DateOnly, time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700"} {
		if t, err := time.Parse(layout, v); err == nil && t.Unix() >= 0 {
			q.mtime = t
			return nil
		}
	}
	return refuse("--mtime=%s is not understood here; write it as 2026-01-31T12:00:00Z, or as seconds since 1970", wire.Escape(v))
}

// maxTime is the last second that both formats can tell: 33 bits of an octal field.
const maxTime = 1<<33 - 1
