package fsck

import (
	"errors"
	"slices"
	"testing"
)

func TestEveryMessageIsKnown(t *testing.T) {
	n := 0
	ids := map[string]bool{}
	for m := range All() {
		n++
		if m.String() == "" || m.Text() == "" || ids[m.String()] {
			t.Errorf("message %d is %q: %q", m, m, m.Text())
		}
		ids[m.String()] = true
		if got, ok := Parse(m.String()); !ok || got != m {
			t.Errorf("Parse(%q) = %v, %v", m, got, ok)
		}
	}
	if n != int(messages) || n > 64 {
		t.Errorf("%d messages of %d, of which a set holds 64", n, messages)
	}
}

func TestExemptable(t *testing.T) {
	for _, c := range []struct {
		id, want string
		err      error
	}{
		{"missingAuthor", "missingAuthor", nil}, {"MISSINGAUTHOR", "missingAuthor", nil}, {"hasDotgit", "", ErrFatal}, {"gitmodulesUrl", "", ErrFatal}, {"zeropaddedfilemode", "zeroPaddedFilemode", nil},
		{"hasDotdot", "", ErrFatal}, {"badtree", "", ErrFatal}, {"nonsense", "", ErrUnknown}, {"", "", ErrUnknown},
	} {
		if got, err := Exemptable(c.id); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("Exemptable(%q) = %q, %v; want %q, %v", c.id, got, err, c.want, c.err)
		}
	}
}

func TestPolicy(t *testing.T) {
	found := HasDotdot.Set() | MissingAuthor.Set() | ZeroPaddedFilemode.Set() | BadDate.Set()
	for _, c := range []struct {
		name           string
		exempt         []string
		refused, noted []Message
	}{
		{"of nobody", nil, []Message{HasDotdot, MissingAuthor}, []Message{ZeroPaddedFilemode, BadDate}},
		{"refused becomes noted", []string{"missingauthor"}, []Message{HasDotdot}, []Message{MissingAuthor, ZeroPaddedFilemode, BadDate}},
		{"noted becomes silent", []string{"zeroPaddedFilemode"}, []Message{HasDotdot, MissingAuthor}, []Message{BadDate}},
		{"what nobody may exempt", []string{"hasDotdot", "nonsense"}, []Message{HasDotdot, MissingAuthor}, []Message{ZeroPaddedFilemode, BadDate}},
	} {
		refused, noted := NewPolicy(c.exempt).Judge(found)
		if got := slices.Collect(refused.All()); !slices.Equal(got, c.refused) {
			t.Errorf("%s: refused %v, want %v", c.name, got, c.refused)
		}
		if got := slices.Collect(noted.All()); !slices.Equal(got, c.noted) {
			t.Errorf("%s: noted %v, want %v", c.name, got, c.noted)
		}
	}
	if refused, noted := NewPolicy(nil).Judge(Set(1<<messages - 1)); refused|noted != 1<<messages-1 || refused&noted != 0 {
		t.Error("a message is neither refused nor noted, or both")
	}
}
