package upload

import (
	"math"
	"strconv"
	"strings"

	"jeton/vcs/filter"
	"jeton/vcs/oid"
	"jeton/vcs/wire"
)

// request is what a client asks for, in whichever protocol it says so.
type request struct {
	limits  Limits
	wants   []oid.ID        // what is to be sent
	byID    []oid.ID        // those of wants that were asked for by their ids, which must be proven visible
	named   []namedWant     // those that were asked for by a ref's name
	wanted  map[oid.ID]bool // wants
	names   map[string]bool // named
	shallow []oid.ID
	// depth in commits, or since (seconds since 1970) and not (names of refs), say how deep to go; ranged is set where the
	// latter do.
	depth    int
	since    int64
	not      []string
	ranged   bool
	filter   filter.Filter
	filtered bool
	haves    []oid.ID
	done     bool

	thin, ofs, includeTag, noProgress bool
	relative                          bool // deepen-relative: depth counts from the client's own boundary
	waitForDone, sidebandAll          bool // protocol 2
}

// infinite is the depth by which clients ask for everything (INFINITE_DEPTH in git).
const infinite = 0x7fffffff

func newRequest(l Limits) *request {
	return &request{limits: l, wanted: map[oid.ID]bool{}, names: map[string]bool{}}
}

// namedWant is a ref that was wanted by its name, and where it pointed to then.
type namedWant struct {
	name string
	id   oid.ID
}

// line takes in one line that means the same in all protocols; false for any other.
//
//	shallow <id>            the client has this commit and lacks its parents
//	deepen <n>              send no more than n commits deep
//	deepen-since <time>     send nothing older
//	deepen-not <ref>        send nothing that this ref reaches
//	filter <filter-spec>    leave objects out (package filter)
func (q *request) line(line string) (bool, error) {
	key, value, _ := strings.Cut(line, " ")
	switch key {
	case "shallow":
		return true, q.setShallow(line, value)
	case "deepen":
		return true, q.deepen(line, value)
	case "deepen-since":
		return true, q.deepenSince(line, value)
	case "deepen-not":
		return true, q.deepenNot(value)
	case "filter":
		return true, q.setFilter(value)
	}
	return false, nil
}

// want takes in the id of a want; repeated ones count once.
func (q *request) want(line, hex string) error {
	id, ok := oid.Parse(hex)
	if !ok {
		return refuse("protocol error, expected to get object ID, not '%s'", wire.Escape(line))
	}
	if q.wanted[id] {
		return nil
	}
	q.byID = append(q.byID, id)
	return q.add(id)
}

// wantRef takes in a want by name; repeated ones count once.
func (q *request) wantRef(name string, id oid.ID) error {
	if q.names[name] {
		return nil
	}
	if len(q.names) >= q.limits.Wants {
		return q.tooMany()
	}
	q.names[name] = true
	q.named = append(q.named, namedWant{name, id})
	if q.wanted[id] {
		return nil
	}
	return q.add(id)
}

func (q *request) add(id oid.ID) error {
	if len(q.wants) >= q.limits.Wants {
		return q.tooMany()
	}
	q.wanted[id] = true
	q.wants = append(q.wants, id)
	return nil
}

func (q *request) tooMany() error {
	return refuse("more than %d wants in one request; fetch fewer refs at a time", q.limits.Wants)
}

// have takes in the id of a have.
func (q *request) have(hex string) error {
	id, ok := oid.Parse(hex)
	if !ok {
		return refuse("expected SHA1 object, got '%s'", wire.Escape(hex))
	}
	if len(q.haves) >= q.limits.Haves {
		return refuse("more than %d haves in one request; clone anew", q.limits.Haves)
	}
	q.haves = append(q.haves, id)
	return nil
}

func (q *request) setShallow(line, hex string) error {
	id, ok := oid.Parse(hex)
	if !ok {
		return refuse("invalid shallow line: %s", wire.Escape(line))
	}
	if len(q.shallow) >= q.limits.Haves {
		return refuse("more than %d shallow lines in one request; clone anew", q.limits.Haves)
	}
	q.shallow = append(q.shallow, id)
	return nil
}

func (q *request) deepen(line, value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n <= 0 {
		return refuse("Invalid deepen: %s", wire.Escape(line))
	}
	q.depth = int(min(n, infinite))
	return nil
}

func (q *request) deepenSince(line, value string) error {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return refuse("Invalid deepen-since: %s", wire.Escape(line))
	}
	q.since, q.ranged = int64(min(n, math.MaxInt64)), true
	return nil
}

func (q *request) deepenNot(name string) error {
	if len(q.not) >= q.limits.Prefixes {
		return refuse("more than %d deepen-not lines in one request", q.limits.Prefixes)
	}
	q.not, q.ranged = append(q.not, name), true
	return nil
}

// deepens reports whether the request says how deep to go.
func (q *request) deepens() bool { return q.depth > 0 || q.ranged }

func (q *request) setFilter(spec string) error {
	if q.filtered {
		return refuse("multiple filter-specs cannot be combined")
	}
	f, err := filter.Parse(spec)
	if err != nil {
		return refuse("%s", wire.Escape(err.Error()))
	}
	q.filter, q.filtered = f, true
	return nil
}

// option takes in a flag that is a capability of protocols 0 and 1 and an argument of protocol 2; false for what is none.
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
	case "deepen-relative":
		q.relative = true
	default:
		return false
	}
	return true
}

// argument takes in an argument of protocol 2's fetch (gitprotocol-v2, "fetch").
func (q *request) argument(line string) error {
	if hex, ok := strings.CutPrefix(line, "want "); ok {
		return q.want(line, hex)
	}
	if hex, ok := strings.CutPrefix(line, "have "); ok {
		return q.have(hex)
	}
	if known, err := q.line(line); known || err != nil {
		return err
	}
	switch {
	case line == "done":
		q.done = true
	case line == "wait-for-done":
		q.waitForDone = true
	case line == "sideband-all":
		q.sidebandAll = true
	case !q.option(line):
		return refuse("unexpected line: '%s'", wire.Escape(line))
	}
	return nil
}

// classicWant takes in a want line of protocols 0 and 1. The capabilities stand behind the id of the first: with a space
// before them or none, and now and then behind a later one too.
func (q *request) classicWant(line string, caps wire.Caps) error {
	hex, rest := strings.TrimPrefix(line, "want "), ""
	if len(hex) > oid.HexSize && !digits(hex) {
		hex, rest = hex[:oid.HexSize], hex[oid.HexSize:]
	}
	if err := q.want(line, hex); err != nil {
		return err
	}
	for f := range strings.FieldsSeq(strings.TrimLeft(rest, "\x00")) {
		if !known(f) {
			continue
		}
		caps.Add(f)
		q.option(f)
	}
	return nil
}

// digits reports whether the first word of a want goes on after the id as an id would: C git takes one of 41 or 64 digits
// as its first 40. Capabilities may stand there without a space, and begin with a letter.
func digits(s string) bool {
	word, _, _ := strings.Cut(s, " ")
	word, _, _ = strings.Cut(word, "\x00")
	behind := word[min(len(word), oid.HexSize):]
	if behind == "" {
		return false
	}
	return behind[0] < 'a' || behind[0] > 'z' || strings.Trim(behind, "0123456789abcdef") == ""
}

// known reports whether a capability means anything here; all others are forgotten at once.
func known(capability string) bool {
	key, _, _ := strings.Cut(capability, "=")
	switch key {
	case "multi_ack", "multi_ack_detailed", "no-done", "side-band", "side-band-64k", "object-format", "session-id", "agent",
		"thin-pack", "ofs-delta", "include-tag", "no-progress", "deepen-relative":
		return true
	}
	return false
}
