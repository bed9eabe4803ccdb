package upload

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/vcs/wire"
)

// request is what a client asks for, in whichever protocol it says so.
type request struct {
	wants   []oid.ID
	wanted  map[oid.ID]bool
	shallow []oid.ID
	depth   int
	filter  reach.Filter
	haves   []oid.ID
	done    bool

	thin, ofs, includeTag, noProgress bool
	relative                          bool // deepen-relative: depth counts from the client's own boundary
	waitForDone                       bool // protocol 2
}

// infinite is the depth by which clients ask for everything (INFINITE_DEPTH in git).
const infinite = 0x7fffffff

func newRequest() *request { return &request{wanted: map[oid.ID]bool{}} }

// line takes in one line that means the same in all protocols; false for any other.
func (q *request) line(line string, l Limits) (bool, error) {
	key, value, _ := strings.Cut(line, " ")
	switch key {
	case "want":
		id, ok := oid.Parse(value)
		if !ok {
			return true, refuse("protocol error, expected to get object ID, not '%s'", wire.Escape(line))
		}
		return true, q.want(id, l)
	case "have":
		id, ok := oid.Parse(value)
		if !ok {
			return true, refuse("expected SHA1 object, got '%s'", wire.Escape(value))
		}
		if len(q.haves) >= l.Haves {
			return true, refuse("more than %d haves in one request", l.Haves)
		}
		q.haves = append(q.haves, id)
		return true, nil
	case "shallow":
		id, ok := oid.Parse(value)
		if !ok {
			return true, refuse("invalid shallow line: %s", wire.Escape(line))
		}
		if len(q.shallow) >= l.Haves {
			return true, refuse("more than %d shallow lines in one request", l.Haves)
		}
		q.shallow = append(q.shallow, id)
		return true, nil
	case "deepen":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n <= 0 {
			return true, refuse("Invalid deepen: %s", wire.Escape(line))
		}
		q.depth = int(min(n, infinite))
		return true, nil
	case "deepen-relative":
		q.relative = true
		return true, nil
	case "deepen-since", "deepen-not":
		return true, refuse("%s is not supported by this server; use --depth", key)
	case "filter":
		return true, q.setFilter(value)
	}
	return false, nil
}

func (q *request) want(id oid.ID, l Limits) error {
	if q.wanted[id] {
		return nil
	}
	if len(q.wants) >= l.Wants {
		return refuse("more than %d wants in one request", l.Wants)
	}
	q.wanted[id] = true
	q.wants = append(q.wants, id)
	return nil
}

func (q *request) setFilter(spec string) error {
	if spec != "blob:none" {
		return refuse("filter '%s' is not supported by this server; use --filter=blob:none", wire.Escape(spec))
	}
	q.filter.NoBlobs = true
	return nil
}

// option takes in a flag; false for what is none.
func (q *request) option(s string) bool {
	switch s {
	case "thin-pack":
		q.thin = true
	case "ofs-delta":
		q.ofs = true
	case "include-tag":
		q.includeTag = true
	case "no-progress":
		q.noProgress = true
	case "wait-for-done":
		q.waitForDone = true
	default:
		return false
	}
	return true
}

// readV2 reads the arguments of fetch (gitprotocol-v2, "fetch").
func (c *conversation) readV2(more bool) (*request, error) {
	q := newRequest()
	err := c.arguments(more, func(line string) error {
		if known, err := q.line(line, c.s.o.Limits); known || err != nil {
			return err
		}
		if line == "done" {
			q.done = true
			return nil
		}
		if !q.option(line) {
			return refuse("unexpected line: '%s'", wire.Escape(line))
		}
		return nil
	})
	return q, err
}

// readWants reads the first part of a request in protocols 0 and 1: wants, of which the first brings the capabilities,
// shallow lines, depth and filter, up to a flush. A client that wants nothing sends the flush alone, or hangs up; the
// request is nil then.
func (c *conversation) readWants() (*request, wire.Caps, error) {
	q, caps := newRequest(), wire.Caps(nil)
	for {
		p, err := c.in.Next()
		if errors.Is(err, io.EOF) && caps == nil {
			return nil, nil, nil
		}
		if errors.Is(err, io.EOF) {
			return nil, nil, refuse("the request ends before its flush packet")
		}
		if err != nil {
			return nil, nil, err
		}
		if p.Kind == wire.Flush {
			break
		}
		if p.Kind != wire.Data {
			return nil, nil, refuse("a special packet of protocol 2 in a request of protocol 0")
		}
		line := p.Line()
		if caps == nil && strings.HasPrefix(line, "want ") {
			rest := ""
			if n := len("want ") + oid.HexSize; len(line) > n {
				line, rest = line[:n], line[n:]
				if rest[0] != ' ' && rest[0] != 0 {
					return nil, nil, refuse("protocol error, expected to get object ID, not '%s'", wire.Escape(line+rest))
				}
			}
			caps = wire.ParseCaps(strings.TrimLeft(rest, "\x00"))
			for name := range caps {
				q.option(name)
			}
			q.relative = caps.Has("deepen-relative")
		}
		known, err := q.line(line, c.s.o.Limits)
		if err != nil {
			return nil, nil, err
		}
		if !known || strings.HasPrefix(line, "have ") {
			return nil, nil, refuse("protocol error, expected to get object ID, not '%s'", wire.Escape(line))
		}
	}
	if len(q.wants) == 0 {
		return nil, nil, nil
	}
	if f, ok := caps.Value("object-format"); ok && f != oid.Format {
		return nil, nil, refuse("this repository uses %s, the request %s", oid.Format, wire.Escape(f))
	}
	return q, caps, nil
}
