package filter

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// ErrSpec is wrapped by every error of Parse, whose text is for the client and in git's words; what the client sent stands in
// it as it came.
var ErrSpec = errors.New("malformed filter")

// Bounds of one filter: nobody combines more, and nothing that is combined needs to be combined again so often.
const (
	maxCombined = 16
	maxNested   = 8
)

type specError string

func invalid(format string, args ...any) error { return specError(fmt.Sprintf(format, args...)) }

func (e specError) Error() string { return string(e) }
func (e specError) Unwrap() error { return ErrSpec }

// Parse reads a filter-spec as clients send it (git-rev-list, "--filter"). Lists of patterns are only named by it: Load
// them before the filter is asked anything. The error wraps ErrSpec.
func Parse(spec string) (Filter, error) {
	var f Filter
	p := parser{f: &f}
	if err := p.spec(spec, 0); err != nil {
		return Filter{}, err
	}
	return f, nil
}

// parser narrows a filter by one spec after the other.
type parser struct {
	f *Filter
	n int // specs so far, those that combine others left out
}

func (p *parser) spec(spec string, nested int) error {
	if rest, ok := strings.CutPrefix(spec, "combine:"); ok {
		return p.combine(rest, nested)
	}
	if p.n++; p.n > maxCombined {
		return invalid("more than %d filters combined", maxCombined)
	}
	key, value, _ := strings.Cut(spec, "=")
	switch {
	case spec == "blob:none":
		p.f.Blob.narrow(0)
	case key == "blob:limit" && value != "":
		n, ok := number(value)
		if !ok {
			return invalid("invalid filter-spec '%s'", spec)
		}
		p.f.Blob.narrow(n)
	case strings.HasPrefix(spec, "tree:"):
		n, ok := number(spec[len("tree:"):])
		if !ok {
			return invalid("expected 'tree:<depth>'")
		}
		p.f.Depth.narrow(n)
	case key == "object:type" && spec != key:
		return p.objectType(value)
	case key == "sparse:oid" && value != "":
		p.f.sparse = append(p.f.sparse, sparse{name: value})
	case key == "sparse:path" && spec != key:
		return invalid("sparse:path filters support has been dropped")
	default:
		return invalid("invalid filter-spec '%s'", spec)
	}
	return nil
}

func (p *parser) objectType(name string) error {
	t, err := plumbing.ParseObjectType(name)
	if err != nil || t.IsDelta() {
		return invalid("'%s' for 'object:type=<type>' is not a valid object type", name)
	}
	p.f.without |= (only(plumbing.CommitObject) | only(plumbing.TreeObject) | only(plumbing.BlobObject) | only(plumbing.TagObject)) &^ only(t)
	return nil
}

// reserved are characters that must be escaped in what is combined, beside those up to the space.
const reserved = "~`!@#$^&*()[]{}\\;'\",<>?"

func (p *parser) combine(list string, nested int) error {
	if list == "" {
		return invalid("expected something after combine:")
	}
	if nested >= maxNested {
		return invalid("filters are combined more than %d times over", maxNested)
	}
	for part := range strings.SplitSeq(list, "+") {
		for _, c := range []byte(part) {
			if c <= ' ' || strings.IndexByte(reserved, c) >= 0 {
				return invalid("must escape char in sub-filter-spec: '%c'", c)
			}
		}
		if err := p.spec(unescape(part), nested+1); err != nil {
			return err
		}
	}
	return nil
}

// unescape resolves %XX; what is none stays as it is, and so does %00.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		var c [1]byte
		if s[i] == '%' && i+2 < len(s) {
			if _, err := hex.Decode(c[:], []byte(s[i+1:i+3])); err == nil && c[0] != 0 {
				b = append(b, c[0])
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// number reads a number as git reads one in its configuration: with k, m or g behind it.
func number(s string) (uint64, bool) {
	unit := uint64(1)
	if s != "" {
		switch s[len(s)-1] | 0x20 {
		case 'k':
			unit = 1 << 10
		case 'm':
			unit = 1 << 20
		case 'g':
			unit = 1 << 30
		}
		if unit > 1 {
			s = s[:len(s)-1]
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	high, low := bits.Mul64(n, unit)
	return low, err == nil && high == 0 && low <= math.MaxInt64
}
