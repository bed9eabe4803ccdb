package view

import (
	"net/http"
	"testing"

	"jeton/vcs/host"
	"jeton/web/door"
)

func TestGuestsLeaveHalfOfTheSeatsToOthers(t *testing.T) {
	s := newSeats(4)
	guest, friend := door.Visit{Public: true}, door.Visit{Private: true}
	var leave []func()
	take := func(v door.Visit, want bool) {
		t.Helper()
		back, err := s.take(v)
		if (err == nil) != want {
			t.Fatalf("a seat with %d taken, %d by guests: %v", s.taken, s.guests, err)
		}
		if err == nil {
			leave = append(leave, back)
		}
	}
	take(guest, true)
	take(guest, true)
	take(guest, false)
	take(friend, true)
	take(friend, true)
	take(friend, false)
	leave[0]() // a guest's
	take(friend, true)
	take(guest, false) // all are taken
	for _, back := range leave[1:] {
		back()
	}
	if s.taken != 0 || s.guests != 0 {
		t.Errorf("%d seats and %d of guests are never given back", s.taken, s.guests)
	}
}

func TestNobodyTakesAllSeats(t *testing.T) {
	s := newSeats(8)
	for _, c := range []struct {
		visit door.Visit
		most  int
	}{
		{door.Visit{Private: true, Admission: host.Admission{Client: "1 token:1"}}, 4},
		{door.Visit{Public: true, Admission: host.Admission{Client: "192.0.2.0/24"}}, 2},
	} {
		var leave []func()
		for {
			back, err := s.take(c.visit)
			if err != nil {
				break
			}
			leave = append(leave, back)
		}
		if len(leave) != c.most {
			t.Errorf("%s takes %d seats of 8, want %d", c.visit.Client, len(leave), c.most)
		}
		other := c.visit
		other.Client += "0"
		if back, err := s.take(other); err != nil {
			t.Errorf("another finds none: %v", err)
		} else {
			back()
		}
		for _, back := range leave {
			back()
		}
	}
	if len(s.clients) != 0 || s.taken != 0 {
		t.Errorf("%v are remembered, %d seats never given back", s.clients, s.taken)
	}
}

func TestWhoFindsNoSeatIsToldToComeAgain(t *testing.T) {
	p, _ := files(t)
	p.handler = New(Options{Repos: p, Door: p, Limits: Limits{Requests: 1}})
	back, err := p.handler.seats.take(p.visit)
	if err != nil {
		t.Fatal(err)
	}
	says(t, "no seat", p.get(p.handler.Raw, "main/run"), http.StatusServiceUnavailable, "try again")
	says(t, "no seat to find an archive", p.get(p.handler.Archive, "main.zip"), http.StatusServiceUnavailable, "try again")
	back()
	for range 3 { // a seat comes back behind each answer
		if r := p.get(p.handler.Raw, "main/run"); r.StatusCode != http.StatusOK {
			t.Errorf("with a free seat: %d", r.StatusCode)
		}
		if r := p.get(p.handler.Archive, "main.zip"); r.StatusCode != http.StatusOK {
			t.Errorf("an archive with a free seat: %d", r.StatusCode)
		}
	}
}
