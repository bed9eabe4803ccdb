package secrets

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Finding is one secret at one place of an object.
type Finding struct {
	// ID is the same for the same secret, found by the same rule, wherever it stands; 12 hexadecimal digits.
	ID string
	// Token is the id of a token of this server, which is live; "" for other people's secrets.
	Token string
	// Rule is the rule's id, What it says, in the words of its makers; for a token of this server What is its hint.
	Rule, What string
	// Line is where it stands in a file, or in the message of a commit or tag, from 1; 0 for the lines above a message, and for
	// names.
	Line int

	rule   *rule
	unless []*allow
	book   *Book
	// name is the name in a tree that is, or holds, the secret; "" for what stands in a content.
	name string
}

// OwnRule is the Rule of tokens of this server.
const OwnRule = "jeton-token"

// Own reports whether it is a token of this server.
func (f *Finding) Own() bool { return f.Token != "" }

// Counts reports whether it counts in a file of this path; "" for a message. What a rule takes for a secret it may take for
// none in a lock file or an example.
func (f *Finding) Counts(path string) bool {
	return f.Own() || f.book.counts(f.rule, f.unless, path)
}

// InName reports whether it stands in the name of an entry of a tree, which then is the name's.
func (f *Finding) InName() bool { return f.name != "" }

// Names reports whether an entry of a tree bears the name in which it was found.
func (f *Finding) Names(name []byte) bool { return f.name == string(name) }

// id is that of a finding.
func (s *Scanner) id(rule string, secret []byte) string {
	sum := hmac.New(sha256.New, s.o.Key)
	sum.Write([]byte(rule + "\x00"))
	sum.Write(secret)
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

// message is where the message of a commit or a tag begins; its length where there is none.
func message(content []byte) int {
	if i := bytes.Index(content, []byte("\n\n")); i >= 0 {
		return i + 2
	}
	return len(content)
}

// lines counts the lines of a text as far as it is asked for, each part once.
type lines struct {
	text     []byte
	at, line int
}

// of is the line of a place; those asked for come in their order.
func (l *lines) of(place int) int {
	if place < l.at {
		l.at, l.line = 0, 0
	}
	l.line += bytes.Count(l.text[l.at:place], []byte{'\n'})
	l.at = place
	return l.line + 1
}
