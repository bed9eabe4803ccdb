package receive

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/receive/secrets"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// liveTokens is a store of tokens of which some were revoked.
type liveTokens struct {
	live    map[string]string
	revoked []string
}

func (l *liveTokens) Live(_ context.Context, text string) (string, bool) {
	id, ok := l.live[text]
	return id, ok
}

func (l *liveTokens) Revoke(_ context.Context, ids []string) error {
	l.revoked = append(l.revoked, ids...)
	return nil
}

// What is planted, put together so that no scanner takes this file for a leak.
var (
	ownToken  = "jet" + "_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	forgeKey  = "gh" + "p_" + "Zk3Qw9Lx7Rt2Vb8Nm4Hc6Jd1Fs5Pg0TyUiOa"
	forgeKey2 = "gh" + "p_" + "Yk4Qw9Lx7Rt2Vb8Nm4Hc6Jd1Fs5Pg0TyUiOb"
)

// guarded is a stand that looks for secrets.
func guarded(t *testing.T) (*stand, *liveTokens) {
	s := newStand(t, Limits{})
	tokens := &liveTokens{live: map[string]string{ownToken: "t1"}}
	s.server.o.Secrets = secrets.New(secrets.Options{Tokens: tokens, Key: []byte("key")})
	return s, tokens
}

// under pushes under rules, with push options.
func (s *stand) under(r rules.Rules, now *rules.Rules, body []byte, options []string, commands ...[3]string) string {
	s.t.Helper()
	var lines []string
	for i, c := range commands {
		from, _ := oid.Parse(c[0])
		to, _ := oid.Parse(c[1])
		if i == 0 {
			lines = append(lines, line(from, to, c[2], "report-status", "side-band-64k", "push-options"))
			continue
		}
		lines = append(lines, line(from, to, c[2]))
	}
	head := strings.Join(lines, "") + "0000"
	for _, o := range options {
		head += pkt(o)
	}
	ses := Session{Stateless: true, Repo: s.repo, Actor: storage.Actor{Name: "ada"}, Rules: r, Recheck: func(context.Context) error { return nil }}
	if now != nil {
		ses.RulesNow = func(context.Context) (rules.Rules, error) { return *now, nil }
	}
	var out bytes.Buffer
	if err := s.server.Serve(ctx, ses, bytes.NewReader(append([]byte(head+"0000"), body...)), &out); err != nil && now == nil {
		s.t.Fatalf("%v: %s", err, out.String())
	}
	if strings.Contains(out.String(), ownToken) || strings.Contains(out.String(), forgeKey) {
		s.t.Errorf("a secret is told: %q", out.String())
	}
	return out.String()
}

var zero = oid.Zero.String()

func TestOnlyTheRefsThatBringATokenAreRefused(t *testing.T) {
	s, tokens := guarded(t)
	good, bad := change(oid.Zero, "fine"), change(oid.Zero, "x\ntoken "+ownToken)
	after := change(bad[0].id(), "taken out again")
	out := s.under(rules.Rules{}, nil, packOf(append(append(good, bad[1:]...), append(after, commitOf(bad[1].id(), oid.Zero, "m"))...)...), nil,
		[3]string{zero, good[0].id().String(), "refs/heads/good"},
		[3]string{zero, commitOf(bad[1].id(), oid.Zero, "m").id().String(), "refs/heads/bad"})
	if !strings.Contains(out, "ok refs/heads/good") || !strings.Contains(out, "ng refs/heads/bad push protection: jet_vcs_0123…, a live token of this server, is in commit") || !strings.Contains(out, "file:2") {
		t.Errorf("told %q", out)
	}
	if len(tokens.revoked) != 0 {
		t.Errorf("revoked %v without being told to", tokens.revoked)
	}
	s.server.o.RevokeFound = true
	history := append(change(oid.Zero, "a "+ownToken), change(change(oid.Zero, "a "+ownToken)[0].id(), "taken out")...)
	tokens.live = map[string]string{ownToken: "t1"}
	// The message of change is its text.
	out = s.under(rules.Rules{Secrets: rules.SecretsOff}, nil, packOf(history...), nil, [3]string{zero, history[3].id().String(), "refs/heads/later"})
	if !strings.Contains(out, "ng refs/heads/later push protection") || !strings.Contains(out, "revoked just now") || len(tokens.revoked) != 1 {
		t.Errorf("told %q, revoked %v", out, tokens.revoked)
	}
	s.clean()
}

func TestWhatTheRepositoryHasIsNotHeldAgainstAPush(t *testing.T) {
	s, tokens := guarded(t)
	tokens.live = nil
	first := change(oid.Zero, "old "+ownToken+" "+forgeKey)
	s.under(rules.Rules{}, nil, packOf(first...), nil, [3]string{zero, first[0].id().String(), "refs/heads/main"})
	tokens.live = map[string]string{ownToken: "t1"} // as if it had been made later
	next := change(first[0].id(), "new")
	out := s.under(rules.Rules{Secrets: rules.SecretsRefuse}, nil, packOf(append(next, first...)...), nil, [3]string{first[0].id().String(), next[0].id().String(), "refs/heads/main"})
	if !strings.Contains(out, "ok refs/heads/main") || strings.Contains(out, "secret") {
		t.Errorf("told %q", out)
	}
}

func TestOthersSecretsAreWarnedOfRefusedOrPassed(t *testing.T) {
	s, _ := guarded(t)
	push := func(r rules.Rules, ref, text string, options ...string) string {
		blob := blobOf("key = " + text + "\n")
		tree := treeOf("100644 app.env", blob.id())
		c := commitOf(tree.id(), oid.Zero, "for "+ref)
		return s.under(r, nil, packOf(c, tree, blob), options, [3]string{zero, c.id().String(), "refs/heads/" + ref})
	}
	refuse := rules.Rules{Secrets: rules.SecretsRefuse}
	out := push(refuse, "a", forgeKey)
	id := regexp.MustCompile(`secret\.skip=([0-9a-f]{12})`).FindStringSubmatch(out)
	if id == nil || !strings.Contains(out, "ng refs/heads/a push protection: a secret (github-pat) seems to be in commit") || !strings.Contains(out, "app.env:1") {
		t.Fatalf("told %q", out)
	}
	if out := push(refuse, "b", forgeKey2, "secret.skip="+id[1]); !strings.Contains(out, "ng refs/heads/b") {
		t.Errorf("the id of another secret lets it in: %q", out)
	}
	if out := push(rules.Rules{Secrets: rules.SecretsRefuse, NoSkip: true}, "c", forgeKey, "secret.skip="+id[1]); !strings.Contains(out, "ng refs/heads/c") || strings.Contains(out, "secret.skip") {
		t.Errorf("where nobody may go past it: %q", out)
	}
	if out := push(refuse, "d", forgeKey, "secret.skip=000000000000,"+id[1]); !strings.Contains(out, "ok refs/heads/d") {
		t.Errorf("skipped: %q", out)
	}
	if notes := s.journal.begun[len(s.journal.begun)-1].Notes; len(notes) != 1 || notes[0] != "secret-skipped "+id[1]+" github-pat" {
		t.Errorf("the journal has %q", notes)
	}
	if out := push(rules.Rules{}, "e", forgeKey2); !strings.Contains(out, "warning: a secret seems to be in commit") || !strings.Contains(out, "ok refs/heads/e") {
		t.Errorf("warned: %q", out)
	}
	if notes := s.journal.begun[len(s.journal.begun)-1].Notes; len(notes) != 1 || !strings.HasPrefix(notes[0], "secret-warned ") {
		t.Errorf("the journal has %q", notes)
	}
	if out := push(rules.Rules{Secrets: rules.SecretsOff}, "f", forgeKey); strings.Contains(out, "secret") || !strings.Contains(out, "ok refs/heads/f") {
		t.Errorf("off: %q", out)
	}
}

func TestAPushThatNobodyLookedThroughDoesNotPassStricterRules(t *testing.T) {
	s, _ := guarded(t)
	c := change(oid.Zero, forgeKey)
	now := rules.Rules{Secrets: rules.SecretsRefuse}
	if out := s.under(rules.Rules{Secrets: rules.SecretsOff}, &now, packOf(c...), nil, [3]string{zero, c[0].id().String(), "refs/heads/x"}); !strings.Contains(out, "ng refs/heads/x the repository or its rules were changed") {
		t.Errorf("told %q", out)
	}
}

func TestNamesAndOptionsThatAreTokensAreRefused(t *testing.T) {
	s, _ := guarded(t)
	c := change(oid.Zero, "x")
	var out bytes.Buffer
	request := request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/"+ownToken, "report-status"))
	_ = s.server.Serve(ctx, Session{Stateless: true, Repo: s.repo, Recheck: func(context.Context) error { return nil }}, bytes.NewReader(request), &out)
	if !strings.Contains(out.String(), " push protection: the name of a ref is jet_vcs_0123…") {
		t.Errorf("told %q", out.String())
	}
	if out := s.under(rules.Rules{}, nil, packOf(c...), []string{"deploy=" + ownToken}, [3]string{zero, c[0].id().String(), "refs/heads/x"}); !strings.Contains(out, "a push option is jet_vcs_0123…") {
		t.Errorf("told %q", out)
	}
	if len(s.journal.begun) != 0 {
		t.Errorf("the journal has %v", s.journal.begun)
	}
}
