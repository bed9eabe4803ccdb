package token

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"jeton/db"
)

// crowded is a world with 100,000 tokens of 1,000 people, a tenth of them bound to a group and to networks.
func crowded(b *testing.B) (*world, Secret) {
	b.Helper()
	w := newWorld(b)
	_, secret := w.mint(b, Request{Access: Write, ExpiresAt: noon.Add(90 * day)})
	end := noon.Add(90 * day)
	ok(b, w.store.Close())
	for at := 0; at < 100_000; at += 10_000 {
		ok(b, w.db.Write(b.Context(), func(tx *db.Tx) error {
			for i := at; i < at+10_000; i++ {
				row := db.Token{ID: db.NewID(), UserID: fmt.Sprint("u", i%1000), Hash: fmt.Sprintf("%064d", i), Kind: "vcs", Hint: "Ab12",
					Label: "laptop of somebody", Access: "write", CreatedAt: noon, CreatedBy: "somebody", CreatedFrom: "192.0.2.1", ExpiresAt: &end}
				if i < 1000 {
					if err := tx.Users().Insert(context.Background(), db.User{ID: row.UserID, Name: row.UserID, FoldedName: row.UserID}); err != nil {
						return err
					}
				}
				if i%10 == 0 {
					row.Bound, row.Groups, row.Networks = true, []string{"g1", "g2"}, []string{"192.0.2.0/24"}
				}
				if err := tx.Tokens().Insert(context.Background(), row); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return w, secret
}

// BenchmarkStart opens the store of 100,000 tokens.
func BenchmarkStart(b *testing.B) {
	w, _ := crowded(b)
	for b.Loop() {
		s, err := NewStore(b.Context(), w.db, Options{})
		ok(b, err)
		b.StopTimer()
		ok(b, s.Close())
		b.StartTimer()
	}
}

// BenchmarkCheck is all that is asked of a token at a door, among 100,000: its text, its state, its network, its bounds.
func BenchmarkCheck(b *testing.B) {
	w, secret := crowded(b)
	s := w.open(b)
	text, now := secret.Reveal(), noon.Add(time.Hour)
	above, from := []string{"g1", "g2"}, netip.MustParseAddr("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		parsed, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		tok, found := s.Find(parsed)
		if !found || tok.State(now) != Live || !tok.Touches("app", above) || !tok.Allows(from) {
			b.Fatalf("refused %+v", tok)
		}
		s.Used(tok.ID, "git", "192.0.2.1")
	}
}

// BenchmarkList is one person's list among 100,000 tokens.
func BenchmarkList(b *testing.B) {
	w, _ := crowded(b)
	s := w.open(b)
	for b.Loop() {
		if len(s.List("u7")) != 100 {
			b.Fatal("not their 100 tokens")
		}
	}
}
