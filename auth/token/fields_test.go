package token

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestNetworksAreReadAndTidied(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "[]",
		"192.0.2.0/24":                       "[192.0.2.0/24]",
		"192.0.2.7":                          "[192.0.2.7/32]",
		"2001:db8::/32 192.0.2.0/24":         "[192.0.2.0/24 2001:db8::/32]",
		"192.0.2.0/24 192.0.2.8/29":          "[192.0.2.0/24]",
		"::ffff:192.0.2.0/120":               "[192.0.2.0/24]",
		"::ffff:192.0.2.1":                   "[192.0.2.1/32]",
		"0.0.0.0/0 ::/0":                     "[0.0.0.0/0 ::/0]",
		"2001:db8::1 2001:db8::1 192.0.2.1 ": "[192.0.2.1/32 2001:db8::1/128]",
	} {
		if got, err := ParseNetworks(strings.Fields(text)); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%q: got %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"192.0.2.1/24", "192.0.2.0/33", "192.0.2", "fe80::1%eth0", "::ffff:0:0/95", "x", "192.0.2.0/24,10.0.0.0/8", "10.0.0.0/08"} {
		if got, err := ParseNetworks([]string{text}); !errors.Is(err, ErrBadNetwork) {
			t.Errorf("%q: got %v, %v, want ErrBadNetwork", text, got, err)
		}
	}
	if _, err := ParseNetworks(many(101)); !errors.Is(err, ErrBadNetwork) {
		t.Errorf("too many: got error %v", err)
	}
}

func FuzzParseNetworks(f *testing.F) {
	for _, seed := range []string{"192.0.2.0/24", "::ffff:192.0.2.0/120 10.0.0.0/8", "fe80::1%a", "2001:db8::/32 2001:db8::1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Split(text, " ")
		got, err := ParseNetworks(words)
		if err != nil {
			return
		}
		var again []string
		for _, p := range got {
			again = append(again, p.String())
		}
		if second, err := ParseNetworks(again); err != nil || fmt.Sprint(second) != fmt.Sprint(got) {
			t.Errorf("%q: got %v, read again %v, %v", text, got, second, err)
		}
		for _, w := range words { // what was named is let in
			if a, err := netip.ParseAddr(w); err == nil && !(Token{Networks: got}).Allows(a) {
				t.Errorf("%q: %s is not let in by %v", text, a, got)
			}
		}
	})
}

func TestATokenIsTakenFromItsNetworks(t *testing.T) {
	bound := Token{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("fe80::/64")}}
	for from, want := range map[string]bool{"192.0.2.9": true, "::ffff:192.0.2.9": true, "fe80::1%eth0": true, "192.0.3.9": false, "2001:db8::1": false} {
		if got := bound.Allows(netip.MustParseAddr(from)); got != want {
			t.Errorf("from %s: got %v, want %v", from, got, want)
		}
	}
	if bound.Allows(netip.Addr{}) || !(Token{}).Allows(netip.Addr{}) {
		t.Error("an unknown address lies in a network, or a token without networks minds one")
	}
	if broken := (Token{Networks: networksOf([]string{"rubbish"})}); broken.Allows(netip.MustParseAddr("192.0.2.9")) {
		t.Error("a network that cannot be read lets everybody in")
	}
}

func TestTouchesFollowsGroups(t *testing.T) {
	for name, c := range map[string]struct {
		t    Token
		want string
	}{
		"all its owner's":       {Token{}, "app lib solo"},
		"a repository":          {Token{Bound: true, Repositories: []string{"app"}}, "app"},
		"a group":               {Token{Bound: true, Groups: []string{"sub"}}, "lib"},
		"a group above":         {Token{Bound: true, Groups: []string{"top"}}, "app lib"},
		"both":                  {Token{Bound: true, Groups: []string{"sub"}, Repositories: []string{"solo"}}, "lib solo"},
		"nothing any more":      {Token{Bound: true}, ""},
		"a repository's deploy": {Token{Deploy: Deploy{RepositoryID: "lib"}}, "lib"},
		"a group's deploy":      {Token{Deploy: Deploy{GroupID: "top"}}, "app lib"},
	} {
		var got []string
		for _, id := range []string{"app", "lib", "solo"} {
			if above, _ := (fewPlaces{}).GroupsOf(id); c.t.Touches(id, above) {
				got = append(got, id)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: touches %v, want %s", name, got, c.want)
		}
	}
}

func TestMintRefusesFieldsThatDoNotFit(t *testing.T) {
	w := placed(t)
	for name, q := range map[string]Request{
		"rights of a vcs token":    {UserID: "ada", Kind: VCS, Rights: []Right{RightTokens}},
		"a right that is not":      {UserID: "ada", Kind: API, Rights: []Right{"root"}},
		"refs of an api token":     {UserID: "ada", Kind: API, Access: Write, Refs: Refs{NoDelete: true}},
		"refs of one that reads":   {UserID: "ada", Kind: VCS, Refs: Refs{FastForwardOnly: true}},
		"a pattern of a short ref": {UserID: "ada", Kind: VCS, Access: Write, Refs: Refs{Patterns: []string{"main"}}},
		"a pattern with a blank":   {UserID: "ada", Kind: VCS, Access: Write, Refs: Refs{Patterns: []string{"refs/heads/a b"}}},
		"too many patterns":        {UserID: "ada", Kind: VCS, Access: Write, Refs: Refs{Patterns: many(101)}},
		"nobody's":                 {Kind: VCS},
		"a person's and a deploy":  {UserID: "ada", Kind: VCS, Deploy: Deploy{RepositoryID: "app"}},
		"a deploy of both":         {Kind: VCS, Deploy: Deploy{RepositoryID: "app", GroupID: "top"}},
		"a deploy for the API":     {Kind: API, Deploy: Deploy{RepositoryID: "app"}},
		"a deploy that is bound":   {Kind: VCS, Deploy: Deploy{RepositoryID: "app"}, Repositories: []string{"lib"}},
		"a deploy of nothing":      {Kind: VCS, Deploy: Deploy{RepositoryID: "gone"}},
		"a group that is not":      {UserID: "ada", Kind: VCS, Groups: []string{"gone"}},
		"a deploy of no group":     {Kind: VCS, Deploy: Deploy{GroupID: "gone"}},
		"a network that is none":   {UserID: "ada", Kind: VCS, Networks: []netip.Prefix{{}}},
	} {
		q.Label = "x"
		if _, _, err := w.store.Mint(t.Context(), admin, q); !errors.Is(err, ErrBadRequest) {
			t.Errorf("%s: got error %v, want ErrBadRequest", name, err)
		}
	}
}

func TestDeployTokensAndDecoysAreWhatTheyAre(t *testing.T) {
	w := placed(t)
	deploy, secret, err := w.store.Mint(t.Context(), admin, Request{Kind: VCS, Label: "production", Deploy: Deploy{RepositoryID: "app"}})
	ok(t, err)
	if list := w.store.ListDeploy(Deploy{RepositoryID: "app"}); len(list) != 1 || list[0].ID != deploy.ID || deploy.UserID != "" {
		t.Errorf("got %+v", list)
	}
	decoy, bait := w.mint(t, Request{Decoy: true, ExpiresAt: noon.Add(day)})
	ok(t, w.store.Revoke(t.Context(), admin, decoy.ID))
	if got, found := w.store.Find(bait); !found || got.State(noon.Add(2*day)) != Decoy || got.RevokedAt.IsZero() {
		t.Errorf("a revoked decoy is %+v", got)
	}
	ok(t, w.db.Repositories().Delete(t.Context(), "app"))
	if _, found := w.store.Find(secret); found || len(w.store.ListDeploy(Deploy{RepositoryID: "app"})) != 0 {
		t.Error("a deploy token outlived its repository")
	}
}
