package token

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"jeton/db"
)

// fewPlaces is a few places: the group "top" holds group "sub" and the repository "app"; "sub" holds "lib". "solo" lies in no group.
type fewPlaces struct{ managers map[string]bool }

func (fewPlaces) GroupsOf(repoID string) ([]string, bool) {
	above, ok := map[string][]string{"app": {"top"}, "lib": {"sub", "top"}, "solo": nil}[repoID]
	return above, ok
}

func (fewPlaces) GroupsAbove(groupID string) ([]string, bool) {
	above, ok := map[string][]string{"top": nil, "sub": {"top"}}[groupID]
	return above, ok
}

func (p fewPlaces) Manages(userID string, _ Deploy) bool { return p.managers[userID] }

// placed is a world with places, a repository more, and an administrator root who manages everything.
func placed(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	ok(t, w.db.Users().Insert(t.Context(), db.User{ID: "root", Name: "root", FoldedName: "root", Active: true, Admin: true}))
	ok(t, w.db.Repositories().Insert(t.Context(), db.Repository{ID: "solo", Path: "solo", FoldedPath: "solo", OwnerID: "ada"}))
	w.store.places = fewPlaces{map[string]bool{"root": true}}
	return w
}

// minter is a token of root's with all rights.
func minter(q Request) Request {
	q.UserID, q.Kind, q.Access, q.Label = "root", API, Write, "minter"
	if q.Rights == nil {
		q.Rights = AllRights()
	}
	return q
}

func TestATokenMakesNoneThatGivesMore(t *testing.T) {
	w := placed(t)
	net := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	own := Request{UserID: "root", Kind: VCS, Label: "made", ExpiresAt: noon.Add(time.Hour)}
	for name, c := range map[string]struct {
		by   Request
		ask  func(q *Request)
		want error
	}{
		"the same":                       {minter(Request{}), func(*Request) {}, nil},
		"without the right":              {minter(Request{Rights: []Right{RightAdmin}}), func(*Request) {}, ErrBeyond},
		"for somebody else":              {minter(Request{}), func(q *Request) { q.UserID = "ada" }, nil},
		"for somebody else, no admin":    {minter(Request{Rights: []Right{RightTokens}}), func(q *Request) { q.UserID = "ada" }, ErrBeyond},
		"more rights":                    {minter(Request{Rights: []Right{RightTokens}}), func(q *Request) { q.Kind, q.Rights = API, []Right{RightAdmin} }, ErrBeyond},
		"a repository of its group":      {minter(Request{Groups: []string{"top"}}), func(q *Request) { q.Repositories = []string{"lib"} }, nil},
		"a group of its group":           {minter(Request{Groups: []string{"top"}}), func(q *Request) { q.Groups = []string{"sub"} }, nil},
		"the group above":                {minter(Request{Groups: []string{"sub"}}), func(q *Request) { q.Groups = []string{"top"} }, ErrBeyond},
		"another repository":             {minter(Request{Groups: []string{"sub"}}), func(q *Request) { q.Repositories = []string{"app"} }, ErrBeyond},
		"one of its and another":         {minter(Request{Repositories: []string{"app"}}), func(q *Request) { q.Repositories = []string{"app", "solo"} }, ErrBeyond},
		"a group for its repository":     {minter(Request{Repositories: []string{"app"}}), func(q *Request) { q.Groups = []string{"top"} }, ErrBeyond},
		"a deploy token":                 {minter(Request{}), func(q *Request) { q.UserID, q.Deploy = "", Deploy{RepositoryID: "app"} }, nil},
		"a deploy token outside":         {minter(Request{Repositories: []string{"app"}}), func(q *Request) { q.UserID, q.Deploy = "", Deploy{GroupID: "top"} }, ErrBeyond},
		"a longer life":                  {minter(Request{ExpiresAt: noon.Add(time.Minute)}), func(*Request) {}, ErrBeyond},
		"no end":                         {minter(Request{ExpiresAt: noon.Add(2 * time.Hour)}), func(q *Request) { q.ExpiresAt = time.Time{} }, ErrBeyond},
		"a wider network":                {minter(Request{Networks: net}), func(q *Request) { q.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.0.0/16")} }, ErrBeyond},
		"a narrower network":             {minter(Request{Networks: net}), func(q *Request) { q.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.8/29")} }, nil},
		"networks where it has none":     {minter(Request{}), func(q *Request) { q.Networks = net }, nil},
		"a right of an ordinary account": {minter(Request{}), func(q *Request) { q.UserID, q.Kind, q.Rights = "ada", API, []Right{RightAdmin} }, ErrBadRequest},
	} {
		by, _ := w.mint(t, c.by)
		q := own
		c.ask(&q)
		q.By = &by
		made, _, err := w.store.Mint(t.Context(), admin, q)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got error %v, want %v", name, err, c.want)
		}
		if err == nil && made.CreatedByToken != by.ID {
			t.Errorf("%s: made by %q", name, made.CreatedByToken)
		}
	}
}

func TestWhatIsLeftOpenIsAsTheTokenThatAsks(t *testing.T) {
	w := placed(t)
	by, _ := w.mint(t, minter(Request{Repositories: []string{"app"}, Groups: []string{"sub"}, ExpiresAt: noon.Add(time.Hour),
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}))
	made, _ := w.mint(t, Request{UserID: "root", By: &by, ExpiresAt: w.store.DefaultEnd(&by)})
	if !made.Bound || !slices.Equal(made.Repositories, by.Repositories) || !slices.Equal(made.Groups, by.Groups) ||
		!slices.Equal(made.Networks, by.Networks) || !made.ExpiresAt.Equal(by.ExpiresAt) {
		t.Errorf("got %+v", made)
	}
}

func TestATokenThatHasEndedMakesNone(t *testing.T) {
	w := placed(t)
	by, _ := w.mint(t, minter(Request{}))
	q := Request{UserID: "root", Kind: VCS, Label: "x", By: &by}
	ok(t, w.store.Revoke(t.Context(), admin, by.ID)) // by is as it was before
	if _, _, err := w.store.Mint(t.Context(), admin, q); !errors.Is(err, ErrBeyond) {
		t.Errorf("revoked: got error %v", err)
	}
	by, _ = w.mint(t, minter(Request{}))
	q.By = &by
	ok(t, w.db.Users().SetActive(t.Context(), "root", false))
	if _, _, err := w.store.Mint(t.Context(), admin, q); !errors.Is(err, ErrBeyond) {
		t.Errorf("inactive: got error %v", err)
	}
}

// opens lists all that a token opens, as one word each: what a token that it makes may open at most.
func opens(tok Token, isAdmin bool) map[string]bool {
	all := map[string]bool{}
	for repo, groups := range map[string][]string{"app": {"top"}, "lib": {"sub", "top"}, "solo": nil} {
		for _, from := range []string{"192.0.2.9", "192.0.2.200", "198.51.100.1", "2001:db8::1"} {
			for _, when := range []time.Duration{time.Second, time.Hour, 48 * time.Hour, longest} {
				if !tok.Touches(repo, groups) || !tok.Allows(netip.MustParseAddr(from)) || tok.State(noon.Add(when)) != Live {
					continue
				}
				at := repo + " from " + from + " after " + when.String()
				all["read "+at], all["write "+at] = true, tok.Access == Write
				for _, r := range AllRights() {
					all[string(r)+" "+at] = tok.HasRight(r) && (r != RightAdmin || isAdmin)
				}
			}
		}
	}
	return all
}

// TestNothingThatATokenAsksForOpensMore asks for anything with tokens of any shape.
func TestNothingThatATokenAsksForOpensMore(t *testing.T) {
	w := placed(t)
	rng := rand.New(rand.NewPCG(5, 13))
	some := func(from ...string) (list []string) {
		for _, s := range from {
			if rng.IntN(3) == 0 {
				list = append(list, s)
			}
		}
		return list
	}
	anything := func() Request {
		q := Request{UserID: []string{"root", "ada"}[rng.IntN(2)], Kind: []Kind{API, VCS, Feed, Web}[rng.IntN(4)], Label: "x",
			Access: []Access{Read, Write}[rng.IntN(2)], Repositories: some("app", "lib", "solo"), Groups: some("top", "sub")}
		if q.Networks, _ = ParseNetworks(some("192.0.2.0/24", "192.0.2.0/28", "198.51.100.0/24", "2001:db8::/32")); rng.IntN(2) == 0 {
			q.ExpiresAt = noon.Add([]time.Duration{time.Minute, 2 * time.Hour, 72 * time.Hour}[rng.IntN(3)])
		}
		if q.Kind == API {
			for _, r := range some("tokens", "account", "admin") {
				q.Rights = append(q.Rights, Right(r))
			}
		}
		if rng.IntN(8) == 0 {
			q.UserID, q.Deploy = "", []Deploy{{RepositoryID: "app"}, {RepositoryID: "solo"}, {GroupID: "top"}, {GroupID: "sub"}}[rng.IntN(4)]
		}
		return q
	}
	made, refused := 0, 0
	for made < 150 {
		q := anything()
		q.Kind, q.Access, q.Deploy, q.Rights = API, Write, Deploy{}, append(q.Rights, RightTokens)
		if q.UserID == "" {
			q.UserID = "ada"
		}
		by, _, err := w.store.Mint(t.Context(), admin, q)
		if err != nil {
			continue // an admin's right for ada
		}
		for range 4 {
			ask := anything()
			ask.By = &by
			got, _, err := w.store.Mint(t.Context(), admin, ask)
			if err != nil {
				refused++
				continue
			}
			made++
			limit := opens(by, by.UserID == "root")
			for what, yes := range opens(got, got.UserID == "root") {
				if yes && !limit[what] {
					t.Fatalf("%+v\nmade %+v\nwhich opens %s", by, got, what)
				}
			}
			if got.UserID != by.UserID && got.Deploy == (Deploy{}) && !(by.UserID == "root" && by.HasRight(RightAdmin)) {
				t.Fatalf("%+v made a token for another: %+v", by, got)
			}
			if got.Deploy != (Deploy{}) && by.UserID != "root" {
				t.Fatalf("%+v made a deploy token of what its owner does not manage: %+v", by, got)
			}
		}
	}
	if refused < 50 {
		t.Errorf("only %d were refused: this test asks for too little", refused)
	}
}
