package view

import (
	"net/http"
	"testing"

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
			t.Fatalf("a seat with %d taken, %d by guests: %v", len(s.all), len(s.guests), err)
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
	if len(s.all) != 0 || len(s.guests) != 0 {
		t.Errorf("%d seats and %d of guests are never given back", len(s.all), len(s.guests))
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
	back()
	for range 3 { // a seat comes back behind each answer
		if r := p.get(p.handler.Raw, "main/run"); r.StatusCode != http.StatusOK {
			t.Errorf("with a free seat: %d", r.StatusCode)
		}
	}
}
