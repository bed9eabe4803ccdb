package receive

import (
	"context"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
)

func TestAFaultThatIsNoLongerForgivenIsRefused(t *testing.T) {
	forgiving := rules.Rules{Exempt: []string{"missingAuthor"}}
	for _, c := range []struct {
		name string
		from int // the question from which on nothing is forgiven any more
		want string
	}{{"never", 9, "ok refs/heads/main"}, {"while the pack arrived", 1, errChanged.Error()}, {"while it was checked", 2, errChanged.Error()}} {
		s := newStand(t, Limits{})
		o := change(oid.Zero, "x")
		o[0].content = strings.Replace(o[0].content, "author "+person+"\n", "", 1)
		asked := 0
		ses := Session{Stateless: true, Rules: forgiving, RulesNow: func(context.Context) (rules.Rules, error) {
			if asked++; asked >= c.from {
				return rules.Rules{}, nil
			}
			return forgiving, nil
		}}
		out, err := s.serve(ses, request(packOf(o...), line(oid.Zero, o[0].id(), "refs/heads/main", "report-status")))
		if !strings.Contains(out, c.want) {
			t.Errorf("withdrawn %s: %q, %v; want %q", c.name, out, err, c.want)
		}
		s.clean()
	}
}

func TestWhatIsHiddenMeanwhileCompletesNoPack(t *testing.T) {
	p := &push{ses: Session{Rules: rules.Rules{Exempt: []string{"missingEmail"}}}, rules: rules.Rules{Exempt: []string{"missingEmail", "missingAuthor"}, Hidden: []string{"refs/x"}}}
	if p.outdated() {
		t.Error("a pack that was complete by itself is refused")
	}
	p.based.Store(true)
	if !p.outdated() {
		t.Error("a pack that was completed by what is hidden now is taken")
	}
}

func TestTheDefaultBranchIsNotTakenFromThoseWhoAreToMakeIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []rules.Branch
		head  string
	}{
		{"nothing is protected", nil, "refs/heads/zzz"},
		{"another may make it", []rules.Branch{{Pattern: "refs/heads/main", Who: []string{"u9"}}}, "refs/heads/main"},
		{"nobody may make it", []rules.Branch{{Pattern: "refs/heads/main", NoCreate: true}}, "refs/heads/main"},
		{"it is protected, and the pusher may make it", []rules.Branch{{Pattern: "refs/heads/main"}}, "refs/heads/main"},
		{"both by one rule", []rules.Branch{{Pattern: "refs/heads/*"}}, "refs/heads/zzz"},
		{"the other one alone", []rules.Branch{{Pattern: "refs/heads/z*"}}, "refs/heads/zzz"},
	} {
		s := newStand(t, Limits{})
		o := change(oid.Zero, "x")
		out, err := s.serve(Session{Stateless: true, Rules: rules.Rules{Branches: c.rules}}, request(packOf(o...), line(oid.Zero, o[0].id(), "refs/heads/zzz", "report-status")))
		if err != nil || !strings.Contains(out, "ok refs/heads/zzz") || !strings.HasPrefix(s.refs(), "HEAD "+c.head+"\n") {
			t.Errorf("%s: %q, %v; refs are\n%s", c.name, out, err, s.refs())
		}
	}
}

func TestAClashDoesNotTellWhetherAHiddenRefIsThere(t *testing.T) {
	var answers []string
	for _, there := range []bool{true, false} {
		s := newStand(t, Limits{})
		one := s.first("one")
		if there {
			if out, _ := s.push(request(packOf(), line(oid.Zero, one, "refs/heads/team/secret", "report-status"))); !strings.Contains(out, "ok") {
				t.Fatal(out)
			}
		}
		out, err := s.serve(Session{Stateless: true, Rules: rules.Rules{Hidden: []string{"refs/heads/team/secret"}}},
			request(packOf(), line(oid.Zero, one, "refs/heads/team", "report-status")))
		if err != nil || !strings.Contains(out, "ng refs/heads/team deny updating a hidden ref") {
			t.Errorf("there %v: %q, %v", there, out, err)
		}
		answers = append(answers, out)
	}
	if answers[0] != answers[1] {
		t.Errorf("the answers differ: %q", answers)
	}
}

func TestARefusedRefIsNamedAsItWasSent(t *testing.T) {
	s := newStand(t, Limits{})
	for ref, want := range map[string]string{
		"refs/heads/\u202eabc": "ng refs/heads/\u202eabc missing", "refs/heads/\u0085x": "ng refs/heads/\u0085x missing", "refs/heads/\x07x": `ng refs/heads/\x07x funny`,
	} {
		o := change(oid.Zero, "x")
		out, err := s.push(request(packOf(o...), line(oid.Zero, oid.ID{7}, ref, "report-status")))
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%q: %q, %v", ref, out, err)
		}
	}
}
