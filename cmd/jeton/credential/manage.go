package credential

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"jeton/auth/token"
)

// ErrNotVCS: what was given is no vcs token.
var ErrNotVCS = errors.New("this is not a vcs token: one begins with jet_vcs_ and has 46 characters, taken exactly as they are")

// Add keeps a token for a server, in the place of another of the same person there, and answers what is kept. The server
// is asked first; one that cannot be reached is passed over with a sentence. ErrNotVCS, ErrPlainHTTP, *Ended.
func (h *Helper) Add(ctx context.Context, k Kept) (Kept, error) {
	server, err := ParseServer(k.Server)
	if err != nil {
		return Kept{}, err
	}
	k.Server = server
	if s, err := token.Parse(k.Token); err != nil || s.Kind() != token.VCS {
		return Kept{}, ErrNotVCS
	}
	if err := Safe(k.Server, k.PlainHTTP); err != nil {
		return Kept{}, err
	}
	about, err := h.asker.about(ctx, k)
	var ended *Ended
	switch {
	case errors.As(err, &ended):
		return Kept{}, err
	case err != nil:
		h.tell("%s could not be asked about the token, which is kept all the same: %v", k.Server, err)
	default:
		k.User, k.Expires = about.User, ends(about.Expires)
	}
	err = h.file.Change(func(all []Kept) ([]Kept, error) {
		all = slices.DeleteFunc(all, func(o Kept) bool { return o.Server == k.Server && (o.User == k.User || o.User == "") })
		return append(all, k), nil
	})
	return k, err
}

// List is what is kept.
func (h *Helper) List() ([]Kept, error) { return h.file.Read() }

// ErrNotKept: there is no token for a server.
var ErrNotKept = errors.New("no token is kept for this server")

// Remove forgets the tokens for a server: of one person where a user name is given, else all. It answers how many.
func (h *Helper) Remove(server, user string) (int, error) {
	server, err := ParseServer(server)
	if err != nil {
		return 0, err
	}
	n := 0
	err = h.file.Change(func(all []Kept) ([]Kept, error) {
		left := slices.DeleteFunc(all, func(k Kept) bool { return k.Server == server && (user == "" || strings.EqualFold(k.User, user)) })
		if n = len(all) - len(left); n == 0 {
			return nil, ErrNotKept
		}
		return left, nil
	})
	return n, err
}

// Scope is which of git's files a setting goes into.
type Scope string

// The scopes of git-config(1).
const (
	Global Scope = "global"
	Local  Scope = "local"
	System Scope = "system"
)

// Install tells git to ask this program for the credentials of a server, and nobody else for them: an empty helper
// before it forgets those that were set further up (gitcredentials(7)), which might keep tokens in plain sight. program is
// its path, file the file of tokens, "" for the usual one.
func Install(ctx context.Context, scope Scope, server, program, file string) error {
	server, err := ParseServer(server)
	if err != nil {
		return err
	}
	if scope != Global && scope != Local && scope != System {
		return fmt.Errorf("git has no scope %q: global, local or system", scope)
	}
	line := "!" + quote(program) + " credential"
	if file != "" {
		line += " --file " + quote(file)
	}
	key := "credential." + server + ".helper"
	for _, args := range [][]string{{"--replace-all", key, ""}, {"--add", key, line}} {
		out, err := exec.CommandContext(ctx, "git", append([]string{"config", "--" + string(scope)}, args...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("git config: %w: %s", err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// quote makes one word of a text for the shell that git starts.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
