package wire

import "strings"

// Version is a version of git's wire protocol.
type Version int

// The versions.
const (
	V0 Version = iota
	V1
	V2
)

// ParseVersion reads what a client asks for: the Git-Protocol header or the GIT_PROTOCOL variable, keys and values
// between colons. The highest known version that is named counts; whatever else stands there is no error.
func ParseVersion(s string) Version {
	v := V0
	for part := range strings.SplitSeq(s, ":") {
		switch part {
		case "version=1":
			v = max(v, V1)
		case "version=2":
			v = max(v, V2)
		}
	}
	return v
}

// Caps are the capabilities of a client or a request: a name, or a name and a value.
type Caps map[string]string

// ParseCaps reads capabilities between spaces, with or without spaces before and behind.
func ParseCaps(line string) Caps {
	c := Caps{}
	for f := range strings.FieldsSeq(line) {
		c.Add(f)
	}
	return c
}

// Add takes in one capability as it is written: NAME or NAME=VALUE. The first of a name counts.
func (c Caps) Add(s string) {
	key, value, _ := strings.Cut(s, "=")
	if _, ok := c[key]; !ok {
		c[key] = value
	}
}

// Has reports whether a capability is named.
func (c Caps) Has(name string) bool { _, ok := c[name]; return ok }

// Value is the value of a capability.
func (c Caps) Value(name string) (string, bool) { v, ok := c[name]; return v, ok }
