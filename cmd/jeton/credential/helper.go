package credential

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"jeton/auth/token"
	"jeton/vcs/name"
	"jeton/vcs/wire"
)

// Helper answers git. Use New.
type Helper struct {
	file  File
	asker asker
	// say gets sentences for people; git shows what a helper writes to its standard error.
	say io.Writer
	now func() time.Time
}

// New makes a helper over a file, which speaks to people through say.
func New(file File, say io.Writer) *Helper {
	return &Helper{file: file, asker: newAsker(), say: say, now: time.Now}
}

// Get answers git's question for a credential; it writes nothing where it has none that is alive, so that git asks the
// next helper, or the person. Its error is about the description or the file.
func (h *Helper) Get(ctx context.Context, in io.Reader, out io.Writer) error {
	d, err := Read(in)
	if err != nil {
		return err
	}
	all, err := h.file.Read()
	if err != nil {
		return err
	}
	k, ok := match(all, d)
	if !ok {
		return nil
	}
	if k, ok = h.renewed(ctx, k); !ok {
		return nil
	}
	answer := Description{"username": {userFor(k, d)}, "password": {k.Token}}
	if k.Expires != nil {
		answer["password_expiry_utc"] = []string{strconv.FormatInt(k.Expires.Unix(), 10)}
	}
	return answer.Write(out)
}

// renewed asks the server about a token, and for its successor where it was rotated; false where it is at its end.
func (h *Helper) renewed(ctx context.Context, k Kept) (Kept, bool) {
	if err := Safe(k.Server, k.PlainHTTP); err != nil {
		h.tell("%s: %v", k.Server, err)
		return k, false
	}
	about, err := h.asker.about(ctx, k)
	var ended *Ended
	switch {
	case errors.As(err, &ended):
		return h.afterEnd(k, ended)
	case err != nil: // git meets the server itself, and has its own words for what is wrong
		if k.Expires != nil && !k.Expires.After(h.now()) {
			h.tell("the token %s for %s expired on %s. Make a new one, and keep it with: jeton credential add %s", k.Hint(), k.Server, k.Expires.Format(time.RFC3339), k.Server)
			return k, false
		}
		return k, true
	}
	next := k
	next.User, next.Expires = about.User, ends(about.Expires)
	if about.Replaced {
		text, expires, err := h.asker.successor(ctx, k)
		switch {
		case err == nil:
			next.follow(text, expires)
		case !errors.Is(err, errNoSuccessor):
			h.tell("the token %s for %s was rotated, and its successor could not be fetched: %v", k.Hint(), k.Server, err)
		}
	}
	if reflect.DeepEqual(next, k) {
		return next, true
	}
	if err := h.file.Change(func(all []Kept) ([]Kept, error) { return put(all, k.Token, next), nil }); err != nil {
		h.tell("%v", err)
	}
	return next, true
}

// afterEnd looks whether another process has put a successor in the place of a token that is at its end.
func (h *Helper) afterEnd(k Kept, ended *Ended) (Kept, bool) {
	all, err := h.file.Read()
	if err == nil {
		for _, other := range all {
			if other.Server == k.Server && other.came(k.Token) {
				return other, true
			}
		}
	}
	h.tell("the token %s for %s: %s Keep another with: jeton credential add %s", k.Hint(), k.Server, ended.Sentence, k.Server)
	return k, false
}

// tell writes a sentence for people. What a server has said is escaped: it must not command the terminal.
func (h *Helper) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(h.say, "jeton credential: %s\n", wire.Escape(fmt.Sprintf(format, args...)))
}

// Store keeps a token that has worked. Anything else, above all a password, is none of its business, and so is a token
// that a kept one has replaced.
func (h *Helper) Store(_ context.Context, in io.Reader) error {
	d, err := Read(in)
	if err != nil {
		return err
	}
	text := d.Get("password")
	if s, err := token.Parse(text); err != nil || s.Kind() != token.VCS {
		return nil
	}
	server, err := ParseServer(d.Get("protocol") + "://" + d.Get("host"))
	if err != nil || Safe(server, false) != nil && !allowed(h.file, d) {
		return nil
	}
	user := d.Get("username")
	if name.TokenUser(strings.ToLower(user)) {
		user = ""
	}
	return h.file.Change(func(all []Kept) ([]Kept, error) {
		for _, k := range all {
			if covers(k, d) && (k.Token == text || k.came(text)) {
				return all, nil
			}
		}
		if k, ok := match(all, d); ok && (user == "" || strings.EqualFold(k.User, user)) {
			return put(all, k.Token, Kept{Server: k.Server, User: k.User, Token: text, PlainHTTP: k.PlainHTTP}), nil
		}
		return append(all, Kept{Server: server, User: user, Token: text}), nil
	})
}

// allowed reports whether a token is kept for a server without TLS already, by a person who has allowed it.
func allowed(f File, d Description) bool {
	all, err := f.Read()
	return err == nil && slices.ContainsFunc(all, func(k Kept) bool { return k.PlainHTTP && covers(k, d) })
}

// Erase forgets a token that was refused, or all of a server where git names none.
func (h *Helper) Erase(_ context.Context, in io.Reader) error {
	d, err := Read(in)
	if err != nil {
		return err
	}
	text := d.Get("password")
	return h.file.Change(func(all []Kept) ([]Kept, error) {
		return slices.DeleteFunc(all, func(k Kept) bool {
			return covers(k, d) && matchesUser(k, d.Get("username")) && (text == "" || k.Token == text)
		}), nil
	})
}

// put puts a token in the place of the one with a text, unless another process has done so first.
func put(all []Kept, old string, next Kept) []Kept {
	for i, k := range all {
		if k.Server == next.Server && k.Token == old {
			all[i] = next
		}
	}
	return all
}

// match finds the token for a description: of those for its server and its user the one with the longest base path.
func match(all []Kept, d Description) (Kept, bool) {
	var best Kept
	found := false
	for _, k := range all {
		if covers(k, d) && matchesUser(k, d.Get("username")) && (!found || len(k.Server) > len(best.Server)) {
			best, found = k, true
		}
	}
	return best, found
}

// covers reports whether a token is for the server of a description. git names no path unless it is told to
// (credential.useHttpPath); a base path is then not looked at.
func covers(k Kept, d Description) bool {
	u, err := url.Parse(k.Server)
	if err != nil || d.Get("protocol") != u.Scheme || canonicalHost(u.Scheme, d.Get("host")) != u.Host {
		return false
	}
	base, path := strings.Trim(u.Path, "/"), strings.Trim(d.Get("path"), "/")
	return base == "" || path == "" || path == base || strings.HasPrefix(path, base+"/")
}

// matchesUser reports whether a token goes with a user name: its owner's, or one that means nobody (docs/tokens.md). The
// server refuses another person's.
func matchesUser(k Kept, user string) bool {
	return user == "" || name.TokenUser(strings.ToLower(user)) || k.User == "" || strings.EqualFold(k.User, user)
}

// userFor is the user name to give along with a token.
func userFor(k Kept, d Description) string {
	if user := d.Get("username"); user != "" {
		return user
	}
	return "token"
}
