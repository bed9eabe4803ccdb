package view

import (
	"net/http"
	"testing"
)

func TestWhoFindsNoSeatIsToldToComeAgain(t *testing.T) {
	p, _ := files(t)
	p.handler = New(Options{Repos: p, Door: p, Limits: Limits{Requests: 1}})
	back, err := p.handler.seat(p.visit)
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
