package token

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestTokensAreCounted(t *testing.T) {
	w := placed(t)
	w.mint(t, Request{Label: "lasts"})
	w.mint(t, Request{Label: "ends soon", ExpiresAt: noon.Add(10 * day)})
	w.mint(t, Request{Label: "ends", ExpiresAt: noon.Add(time.Hour)})
	w.mint(t, Request{Label: "decoy", Decoy: true})
	gone, _ := w.mint(t, Request{Label: "gone"})
	ok(t, w.store.Revoke(t.Context(), admin, gone.ID))
	w.set(noon.Add(2 * time.Hour))
	feed, _ := w.mint(t, Request{Label: "feed", Kind: Feed})
	if got, want := fmt.Sprint(w.store.Count(14*day, time.Hour)), fmt.Sprint(Census{All: 6, Live: map[Kind]int{API: 0, Feed: 1, VCS: 2, Web: 0}, Expiring: 1, Unused: 2}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.set(noon.Add(4 * time.Hour))
	w.store.Used(feed.ID, "feed", "192.0.2.1")
	if got := w.store.Count(0, time.Hour); got.Unused != 2 || got.Expiring != 0 {
		t.Errorf("after the feed's was used: got %+v", got)
	}
}

func TestAKeyGivesNoMoreThanTheTokenThatAddsIt(t *testing.T) {
	network := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for name, c := range map[string]struct {
		token              Token
		person, repository bool
	}{
		"an api token that writes": {Token{Kind: API, Access: Write}, true, true},
		"one that ends":            {Token{Kind: API, Access: Write, ExpiresAt: noon}, true, true},
		"one that reads":           {Token{Kind: API, Access: Read}, false, false},
		"of another kind":          {Token{Kind: VCS, Access: Write}, false, false},
		"from a network":           {Token{Kind: API, Access: Write, Networks: network}, false, false},
		"bound":                    {Token{Kind: API, Access: Write, Bound: true}, false, true},
	} {
		for owner, want := range map[KeyOwner]bool{KeyOfPerson: c.person, KeyOfRepository: c.repository} {
			if err := c.token.CoversKeyOf(owner); (err == nil) != want || err != nil && !errors.Is(err, ErrBeyond) {
				t.Errorf("%s, a key of a %s: got %v", name, owner, err)
			}
		}
	}
}
