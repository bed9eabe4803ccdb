package receive

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
)

func TestRulesOfTheRepository(t *testing.T) {
	branches := []rules.Branch{
		{Pattern: "refs/heads/release/old", Force: true, Delete: true},
		{Pattern: "refs/heads/release/*"},
		{Pattern: "refs/heads/sealed/**", NoCreate: true},
		{Pattern: "refs/heads/ada", Who: []string{"u1"}},
		{Pattern: "refs/heads/bob", Who: []string{"u2", "u3"}},
		{Pattern: "refs/heads/bot", Who: []string{"token:t1"}},
		{Pattern: "refs/heads/other-bot", Who: []string{"token:t2"}},
	}
	s := newStand(t, Limits{})
	main := s.first("one")
	next, side := change(main, "two"), change(main, "side")
	two, other := next[0].id(), side[0].id()
	names := []string{"refs/heads/release/old", "refs/heads/release/1", "refs/heads/bob", "refs/heads/ada", "refs/heads/free", "refs/tags/v1"}
	var lines []string
	for i, name := range names {
		caps := []string{"report-status"}
		if i > 0 {
			caps = nil
		}
		lines = append(lines, line(oid.Zero, two, name, caps...))
	}
	if out, err := s.push(request(packOf(next...), lines...)); err != nil || strings.Count(out, "ok ") != len(names) {
		t.Fatalf("%q, %v", out, err)
	}
	for _, c := range []struct {
		name     string
		rules    rules.Rules
		from, to oid.ID
		ref      string
		want     string
	}{
		{"a force push where nothing forbids it", rules.Rules{}, two, other, "refs/heads/free", "ok"},
		{"a fast-forward where force is forbidden", rules.Rules{DenyForce: true}, main, two, "refs/heads/main", "ok"},
		{"a force push where none is allowed", rules.Rules{DenyForce: true}, two, other, "refs/heads/free", "non-fast-forward: this repository allows none (receive.deny_force)"},
		{"a tag that moves where no force is allowed", rules.Rules{DenyForce: true}, two, main, "refs/tags/v1", "non-fast-forward"},
		{"a delete where none is allowed", rules.Rules{DenyDeletes: true}, two, oid.Zero, "refs/tags/v1", "deletion prohibited: this repository allows none (receive.deny_deletes)"},
		{"a force push to a protected branch", rules.Rules{Branches: branches}, two, other, "refs/heads/release/1", `protected branch: the rule "refs/heads/release/*" allows no force push`},
		{"a delete of a protected branch", rules.Rules{Branches: branches}, two, oid.Zero, "refs/heads/release/1", `protected branch: the rule "refs/heads/release/*" allows no deletion`},
		{"a new protected branch", rules.Rules{Branches: branches}, oid.Zero, two, "refs/heads/release/2", "ok"},
		{"a force push where the first pattern allows it", rules.Rules{Branches: branches}, two, other, "refs/heads/release/old", "ok"},
		{"a delete where the first pattern allows it", rules.Rules{Branches: branches}, two, oid.Zero, "refs/heads/release/old", "ok"},
		{"a delete that the pattern allows and the repository does not", rules.Rules{Branches: branches, DenyDeletes: true}, two, oid.Zero, "refs/heads/release/old", "receive.deny_deletes"},
		{"a new branch where none may be made", rules.Rules{Branches: branches}, oid.Zero, two, "refs/heads/sealed/a/b", `protected branch: the rule "refs/heads/sealed/**" allows no creation`},
		{"a push by one who may", rules.Rules{Branches: branches}, two, two, "refs/heads/ada", "ok"},
		{"a push by one who may not", rules.Rules{Branches: branches}, two, two, "refs/heads/bob", `protected branch: the rule "refs/heads/bob" does not let you push`},
		{"a push with a token that may", rules.Rules{Branches: branches}, oid.Zero, two, "refs/heads/bot", "ok"},
		{"a push with another token than may", rules.Rules{Branches: branches}, oid.Zero, two, "refs/heads/other-bot", `protected branch: the rule "refs/heads/other-bot" does not let you push`},
		{"the second of two patterns", rules.Rules{Branches: []rules.Branch{{Pattern: "refs/heads/*\x1b[31m", Force: true}, {Pattern: "refs/heads/*"}}}, two, other, "refs/heads/free", `protected branch: the rule "refs/heads/*" allows no force push`},
		{"a hidden ref", rules.Rules{Hidden: []string{"refs/heads/free"}}, two, other, "refs/heads/free", "deny updating a hidden ref"},
		{"a hidden ref that is not there", rules.Rules{Hidden: []string{"refs/pull"}}, oid.Zero, two, "refs/pull/1/head", "deny updating a hidden ref"},
		{"a hidden ref to be deleted", rules.Rules{Hidden: []string{"refs/heads/free"}}, two, oid.Zero, "refs/heads/free", "deny deleting a hidden ref"},
		{"a hidden ref with a wrong old value", rules.Rules{Hidden: []string{"refs/heads/free"}}, main, other, "refs/heads/free", "deny updating a hidden ref"},
		{"a push by somebody else than who has locked", rules.Rules{Lock: rules.Lock{ActorID: "u9", Name: "eve\x1b"}}, two, two, "refs/heads/ada", `repository locked by user "eve\x1b", who alone can push`},
		{"a push by who has locked", rules.Rules{Lock: rules.Lock{ActorID: "u1", Name: "ada"}}, two, two, "refs/heads/ada", "ok"},
		{"the server's own", rules.Rules{Hidden: []string{"!refs/jeton"}}, oid.Zero, two, "refs/jeton/x", "refs/jeton/ is the server's own"},
	} {
		before := s.refs()
		out, err := s.serve(Session{Stateless: true, Rules: c.rules}, request(packOf(side...), line(c.from, c.to, c.ref, "report-status")))
		want := "ng " + c.ref + " " + c.want
		if c.want == "ok" {
			want = "ok " + c.ref
		}
		if err != nil || !strings.Contains(out, want[:strings.LastIndex(want, " ")]) || !strings.Contains(out, strings.TrimPrefix(want, "ng "+c.ref+" ")) {
			t.Errorf("%s: %q, %v; want %q", c.name, out, err, want)
		}
		if moved := s.refs() != before; moved != (c.want == "ok" && c.from != c.to) {
			t.Errorf("%s: moved %v", c.name, moved)
		}
		if c.want == "ok" && c.from != c.to { // back again
			if out, _ := s.push(request(packOf(next...), line(c.to, c.from, c.ref, "report-status"))); !strings.Contains(out, "ok "+c.ref) {
				t.Fatalf("%s: cannot be undone: %q", c.name, out)
			}
		}
		s.clean()
	}
}

func TestOneRefusedByARuleIsAllRefusedWhereThePushIsAtomic(t *testing.T) {
	s := newStand(t, Limits{})
	main := s.first("one")
	next := change(main, "two")
	r := rules.Rules{Branches: []rules.Branch{{Pattern: "refs/heads/sealed", NoCreate: true}}}
	lines := []string{line(oid.Zero, next[0].id(), "refs/heads/free", "report-status", "atomic"), line(oid.Zero, next[0].id(), "refs/heads/sealed")}
	out, err := s.serve(Session{Stateless: true, Rules: r}, request(packOf(next...), lines...))
	if err != nil || !strings.Contains(out, "ng refs/heads/free atomic push failure") || !strings.Contains(out, "ng refs/heads/sealed protected branch") {
		t.Errorf("%q, %v", out, err)
	}
	lines[0] = line(oid.Zero, next[0].id(), "refs/heads/free", "report-status")
	out, err = s.serve(Session{Stateless: true, Rules: r}, request(packOf(next...), lines...))
	if err != nil || !strings.Contains(out, "ok refs/heads/free") || !strings.Contains(out, "ng refs/heads/sealed protected branch") {
		t.Errorf("not atomic: %q, %v", out, err)
	}
}

func TestAWalkThatIsTooLongIsNoFastForward(t *testing.T) {
	s := newStand(t, Limits{})
	tip := s.first("0")
	first := tip
	for i := range 30 {
		next := change(tip, strings.Repeat("x", i+1))
		if out, err := s.push(request(packOf(next...), line(tip, next[0].id(), "refs/heads/main", "report-status"))); err != nil || !strings.Contains(out, "ok ") {
			t.Fatal(out, err)
		}
		tip = next[0].id()
	}
	if out, err := s.push(request(packOf(), line(oid.Zero, first, "refs/heads/a", "report-status"), line(oid.Zero, first, "refs/heads/b"))); err != nil || strings.Count(out, "ok refs") != 2 {
		t.Fatal(out, err)
	}
	s.server = New(Options{Journal: s.journal, Limits: Limits{Walk: 40}})
	out, err := s.serve(Session{Stateless: true, Rules: rules.Rules{DenyForce: true}},
		request(packOf(), line(first, tip, "refs/heads/a", "report-status"), line(first, tip, "refs/heads/b")))
	if err != nil || !strings.Contains(out, "ok refs/heads/a") || !strings.Contains(out, "ng refs/heads/b cannot tell whether this is a fast-forward") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestWhatIsHiddenIsNeitherShownNorHelpful(t *testing.T) {
	s := newStand(t, Limits{})
	main := s.first("one")
	secret := change(main, "secret")
	if out, err := s.push(request(packOf(secret...), line(oid.Zero, secret[0].id(), "refs/secret/x", "report-status"))); err != nil || !strings.Contains(out, "ok ") {
		t.Fatal(out, err)
	}
	ses := Session{Stateless: true, Rules: rules.Rules{Hidden: []string{"refs/secret"}}}
	var out bytes.Buffer
	ses.Repo = s.repo
	if err := s.server.Advertise(ctx, ses, &out); err != nil || strings.Contains(out.String(), "refs/secret") || !strings.Contains(out.String(), "refs/heads/main") {
		t.Errorf("shown: %q, %v", out.String(), err)
	}
	child := change(secret[0].id(), "child of a secret")
	tree := secret[1].id()
	forged := commitOf(tree, main, "the tree of a secret")
	for name, p := range map[string][]entry{"as a parent": child, "as a tree": {forged}, "as a tip": nil} {
		id := secret[0].id()
		if p != nil {
			id = p[0].id()
		}
		got, err := s.serve(ses, request(packOf(p...), line(oid.Zero, id, "refs/heads/x", "report-status")))
		if err != nil || !strings.Contains(got, "ng refs/heads/x missing necessary objects") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	s.clean()
}

func TestRulesThatChangeWhileAPushIsCheckedHold(t *testing.T) {
	deny := rules.Rules{Branches: []rules.Branch{{Pattern: "refs/heads/**", NoCreate: true}}}
	for _, c := range []struct {
		name  string
		rules []rules.Rules // what is answered; the last one from then on
		fail  error
		want  string
	}{
		{"not at all", []rules.Rules{{}}, nil, "ok refs/heads/x"},
		{"before the pack was read", []rules.Rules{deny}, nil, "ng refs/heads/x protected branch"},
		{"while it was checked", []rules.Rules{{}, deny}, nil, "ng refs/heads/x protected branch"},
		{"to something that allows it", []rules.Rules{{}, {DenyForce: true}}, nil, "ok refs/heads/x"},
		{"again and again", []rules.Rules{{}, {DenyForce: true}, {}, {DenyForce: true}, {}, {DenyForce: true}, {}, {DenyForce: true}, {}}, nil, "changed while the push was checked; push again"},
		{"to what cannot be read", []rules.Rules{{}}, errors.New("gone"), "the server has failed"},
	} {
		s := newStand(t, Limits{})
		main := s.first("one")
		next := change(main, "two")
		asked := 0
		ses := Session{Stateless: true, RulesNow: func(context.Context) (rules.Rules, error) {
			asked++
			return c.rules[min(asked-1, len(c.rules)-1)], c.fail
		}}
		out, _ := s.serve(ses, request(packOf(next...), line(oid.Zero, next[0].id(), "refs/heads/x", "report-status")))
		if !strings.Contains(out, c.want) || strings.Contains(s.refs(), "refs/heads/x") != strings.HasPrefix(c.want, "ok") {
			t.Errorf("%s: %q, want %q", c.name, out, c.want)
		}
		s.clean()
	}
}
