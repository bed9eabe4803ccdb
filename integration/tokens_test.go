package integration

import (
	"strings"
	"testing"
)

// holders is a server for the life of tokens: libs/a, libs/deep/b and art/c beside the repositories of people, all of ada's.
type holders struct {
	*server
	work string // a history that all of them have
}

// TestTheLifeOfATokenAsGitSeesIt takes one server through it; each part has tokens, and refs, of its own.
func TestTheLifeOfATokenAsGitSeesIt(t *testing.T) {
	t.Parallel()
	h := holders{start(t), sampleHistory(t)}
	people(t, h.server)
	for _, repo := range []string{"libs/a", "libs/deep/b", "art/c"} {
		h.jeton(t, "repo", "create", repo, "--owner", "ada")
		git(t, h.work, "push", "-q", h.mine(repo), "main")
	}
	t.Run("it follows what moves into its group and out of it", h.moves)
	t.Run("it pushes to its refs as it may", h.refs)
	t.Run("a deploy token of a group is in the group alone", h.deploys)
	t.Run("a branch is left to it and its successors", h.line)
	t.Run("it is rotated and then refused", h.rotates)
	t.Run("a person's are revoked at once", h.revokesAll)
	t.Run("a decoy is as unknown as what is none", h.decoys)
}

// vcs makes a vcs token of ada's.
func (h holders) vcs(t *testing.T, args ...string) (id, secret string) {
	t.Helper()
	return h.token(t, append([]string{"--user", "ada", "--kind", "vcs"}, args...)...)
}

// holder is one token over one transport.
type holder struct {
	name    string
	address func(repo string) string
	env     []string
}

// over is a token over both transports.
func (h holders) over(t *testing.T, secret string) []holder {
	t.Helper()
	return []holder{
		{"http", func(repo string) string { return h.http(repo, "git", secret) }, nil},
		{"ssh", h.ssh, h.password(t, secret)},
	}
}

// push is the output of a push, and whether all of it went in.
func (o holder) push(t *testing.T, dir, repo string, args ...string) (string, bool) {
	t.Helper()
	out, err := tryGit(dir, o.env, append([]string{"push", o.address(repo)}, args...)...)
	return out, err == nil
}

const noSuch = "There is no such repository, or you may not read it."

func (h holders) moves(t *testing.T) {
	_, secret := h.vcs(t, "--repo", "ada/app", "--repo", "art/c", "--group", "libs/**")
	for _, r := range []rule{
		{"one of its repositories", secret, "ada/app", "", 200, ""},
		{"another of them", secret, "art/c", "", 200, ""},
		{"in its group", secret, "libs/a", "", 200, ""},
		{"deeper in it", secret, "libs/deep/b", "", 200, ""},
		{"none of them", secret, "ada/other", "", 404, noSuch},
	} {
		r.hold(t, h.server)
	}
	h.jeton(t, "repo", "move", "ada/other", "libs/deep")
	rule{"moved in", secret, "libs/deep/other", "", 200, ""}.hold(t, h.server)
	rule{"by its old path", secret, "ada/other", "", 200, ""}.hold(t, h.server)
	h.jeton(t, "repo", "move", "libs/deep/other", "ada")
	rule{"moved out", secret, "ada/other", "", 404, noSuch}.hold(t, h.server)
	rule{"by the path in its group", secret, "libs/deep/other", "", 404, noSuch}.hold(t, h.server)
	h.jeton(t, "repo", "rename", "art/c", "art/d")
	rule{"one of its own, renamed", secret, "art/d", "", 200, ""}.hold(t, h.server)
}

func (h holders) refs(t *testing.T) {
	_, free := h.vcs(t)
	_, bot := h.vcs(t, "--ref", "refs/heads/bot/**", "--fast-forward-only", "--no-delete")
	for i, o := range h.over(t, bot) {
		dir, branch := sampleHistory(t), "refs/heads/bot/a/"+o.name
		commit(t, dir, "bot.txt", o.name)
		out, all := o.push(t, dir, "ada/app", "HEAD:"+branch, "HEAD:refs/heads/mine-"+o.name)
		if all || !strings.Contains(out, "HEAD -> bot/a/"+o.name) || !strings.Contains(out, "[remote rejected] HEAD -> mine-"+o.name+" (this credential may only write refs/heads/bot/**") {
			t.Errorf("over %s, one of its refs and one that is not: %s", o.name, out)
		}
		out, all = o.push(t, dir, "ada/app", "HEAD:refs/tags/bot/"+o.name)
		if all || !strings.Contains(out, "this credential may only write refs/heads/bot/**") {
			t.Errorf("over %s, a tag: %s", o.name, out)
		}
		commit(t, dir, "bot.txt", "more of "+o.name)
		if out, all = o.push(t, dir, "ada/app", "HEAD:"+branch); !all {
			t.Errorf("over %s, a fast-forward: %s", o.name, out)
		}
		git(t, dir, "commit", "-q", "--amend", "-m", "Another history")
		if out, all = o.push(t, dir, "ada/app", "+HEAD:"+branch); all || !strings.Contains(out, "non-fast-forward") {
			t.Errorf("over %s, by force: %s", o.name, out)
		}
		if out, all = o.push(t, dir, "ada/app", ":"+branch); all || !strings.Contains(out, "this credential may not delete refs") {
			t.Errorf("over %s, a deletion: %s", o.name, out)
		}
		with := h.over(t, free)[i]
		if out, all = with.push(t, dir, "ada/app", "+HEAD:"+branch); !all {
			t.Errorf("over %s, by force with a token that may: %s", o.name, out)
		}
		if out, all = with.push(t, dir, "ada/app", ":"+branch); !all {
			t.Errorf("over %s, a deletion with a token that may: %s", o.name, out)
		}
	}
}

func (h holders) deploys(t *testing.T) {
	_, secret := h.token(t, "--deploy-group", "libs", "--kind", "vcs")
	_, reads := h.token(t, "--deploy-group", "libs", "--kind", "vcs", "--access", "read")
	for _, r := range []rule{
		{"in its group", secret, "libs/deep/b", "", 200, ""},
		{"of the same owner, in another group", secret, "art/c", "", 404, noSuch},
		{"read only", reads, "libs/a", "refs/heads/no", 403, "This token may only read."},
	} {
		r.hold(t, h.server)
	}
	for _, o := range h.over(t, secret) {
		if out, all := o.push(t, h.work, "libs/a", "HEAD:refs/heads/deployed-"+o.name); !all {
			t.Errorf("a push over %s: %s", o.name, out)
		}
		if out, all := o.push(t, h.work, "libs/new-"+o.name, "HEAD:refs/heads/main"); all || !strings.Contains(out, noSuch) {
			t.Errorf("a push over %s to where nothing is: %s", o.name, out)
		}
	}
	if log := h.jeton(t, "repo", "log", "libs/a"); !strings.Contains(log, "deploy token test") {
		t.Errorf("the log does not say who pushed:\n%s", log)
	}
}

// line rotates a token that a branch was left to: the rule holds for its successor, and for no other token of ada's.
func (h holders) line(t *testing.T) {
	id, first := h.vcs(t)
	_, other := h.vcs(t)
	h.jeton(t, "repo", "protect", "libs/deep/b", "release/*", "--who", "token:"+id)
	var made struct{ ID, Token, Line string }
	h.ask(t, &made, "token", "rotate", id)
	if made.Line != id {
		t.Errorf("the successor's line is %q, want %q", made.Line, id)
	}
	for name, c := range map[string]struct {
		secret string
		goes   bool
	}{"the old one, while it works": {first, true}, "its successor": {made.Token, true}, "another of the same person": {other, false}} {
		for i, o := range h.over(t, c.secret) {
			out, all := o.push(t, h.work, "libs/deep/b", "HEAD:refs/heads/release/"+strings.ReplaceAll(name, " ", "-")+"."+string(rune('0'+i)))
			if all != c.goes || !all && !strings.Contains(out, `protected branch: the rule "refs/heads/release/*" does not let you push`) {
				t.Errorf("%s over %s: %s", name, o.name, out)
			}
		}
	}
	if shown := h.jeton(t, "repo", "rules", "libs/deep/b"); !strings.Contains(shown, "token test of ada") {
		t.Errorf("the rules do not say for whom:\n%s", shown)
	}
}

func (h holders) rotates(t *testing.T) {
	id, first := h.vcs(t, "--repo", "ada/app")
	type successor struct{ ID, Token, State string }
	var second, again, third successor
	h.ask(t, &second, "token", "rotate", id, "--overlap", "2h", "--key", "job 1")
	h.ask(t, &again, "token", "rotate", id, "--overlap", "2h", "--key", "job 1")
	if again.ID != second.ID || again.Token != second.Token || second.Token == first {
		t.Errorf("asked twice with one key: %s and %s", second.ID, again.ID)
	}
	if out, err := h.try("token", "rotate", id, "--key", "job 2"); err == nil {
		t.Errorf("rotated twice: %s", out)
	}
	rule{"the old one within the overlap", first, "ada/app", "", 200, ""}.hold(t, h.server)
	rule{"its successor", second.Token, "ada/app", "", 200, ""}.hold(t, h.server)
	rule{"its successor, where the old one might not go", second.Token, "libs/a", "", 404, noSuch}.hold(t, h.server)

	h.ask(t, &third, "token", "rotate", second.ID, "--overlap", "0")
	if strings.Contains(h.log.String(), "token_id:"+second.ID) {
		t.Error("a notice tells of a token that nobody has used too late")
	}
	rule{"after the overlap", second.Token, "ada/app", "", 401, "This token was replaced by a newer one"}.hold(t, h.server)
	rule{"the newest", third.Token, "ada/app", "", 200, ""}.hold(t, h.server)
	h.noticed(t, "kind=token.rotated_late", "an old token is still in use", "token_id:"+second.ID, "address:127.0.0.1")
	eventually(t, "the refusal in the record", func() bool {
		return len(h.entriesOf(t, "--credential", "token:"+second.ID, "--outcome", "rotated")) > 0
	})
	if out := h.jeton(t, "token", "revoke", second.ID, "--yes"); !strings.Contains(out, "jeton token revoke "+third.ID) {
		t.Errorf("that its successor lives on is not told: %s", out)
	}
	rule{"a successor of what was revoked", third.Token, "ada/app", "", 200, ""}.hold(t, h.server)
}

// noticed waits for a line of the server's log that tells of a notice with these words.
func (h holders) noticed(t *testing.T, words ...string) {
	t.Helper()
	eventually(t, "a notice with "+strings.Join(words, ", "), func() bool {
		for line := range strings.Lines(h.log.String()) {
			has := strings.Contains(line, "msg=notice")
			for _, w := range words {
				has = has && strings.Contains(line, w)
			}
			if has {
				return true
			}
		}
		return false
	})
}

func (h holders) revokesAll(t *testing.T) {
	h.jeton(t, "repo", "grant", "ada/app", "bob", "read")
	_, one := h.token(t, "--user", "bob", "--kind", "vcs")
	_, two := h.token(t, "--user", "bob", "--kind", "vcs", "--expires", "never")
	_, adas := h.vcs(t)
	for _, secret := range []string{one, two, adas} {
		rule{"before", secret, "ada/app", "", 200, ""}.hold(t, h.server)
	}
	out := h.jeton(t, "token", "revoke-all", "--user", "bob", "--yes")
	if strings.Count(out, "revoked") != 2 {
		t.Errorf("told as ended:\n%s", out)
	}
	for _, secret := range []string{one, two} {
		rule{"one of them", secret, "ada/app", "", 401, "This token was revoked on"}.hold(t, h.server)
	}
	rule{"somebody else's", adas, "ada/app", "", 200, ""}.hold(t, h.server)
}

// decoys tries one beside what is no token at all: git hears the same, and the server's operator does not.
func (h holders) decoys(t *testing.T) {
	const unknown = "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	id, decoy := h.vcs(t, "--decoy")
	asked, answers := h.over(t, decoy), h.over(t, unknown)
	for i := range asked {
		tried, err := tryGit("", asked[i].env, "ls-remote", asked[i].address("ada/app"))
		other, otherErr := tryGit("", answers[i].env, "ls-remote", answers[i].address("ada/app"))
		if err == nil || otherErr == nil || tried != other {
			t.Errorf("over %s a decoy: %v %s\nwhat is none: %v %s", asked[i].name, err, tried, otherErr, other)
		}
	}
	h.noticed(t, "kind=token.decoy", "token_id:"+id, "address:127.0.0.1")
	eventually(t, "the alarm in the record", func() bool { return len(h.entriesOf(t, "--credential", "token:"+id)) > 0 })
	if strings.Contains(h.log.String(), decoy) {
		t.Error("the decoy's text stands in the log")
	}
}
