package seats

import "testing"

func TestSeatsAreGivenBack(t *testing.T) {
	s := New(Limits{2, 1, 1})
	leave, err := s.Take(Visitor{Client: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Take(Visitor{Client: "ada"}); err == nil {
		t.Error("a second seat was given to one client")
	}
	leave()
	for _, client := range []string{"ada", ""} {
		if leave, err = s.Take(Visitor{Client: client}); err != nil {
			t.Fatalf("%q: %v", client, err)
		}
		defer leave()
	}
	if _, err := s.Take(Visitor{Client: "bob"}); err == nil {
		t.Error("a third seat of two was given")
	}
	if len(s.by) != 2 || s.taken != 2 {
		t.Errorf("%d are taken, by %v", s.taken, s.by)
	}
}

func TestGuestsLeaveHalfOfTheSeats(t *testing.T) {
	s := New(Limits{4, 4, 4})
	var leaves []func()
	for _, at := range []string{"192.0.2.1/32", "192.0.2.2/32"} {
		leave, err := s.Take(Visitor{at, true})
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
	if _, err := s.Take(Visitor{"192.0.2.3/32", true}); err == nil {
		t.Error("guests took more than half")
	}
	for range 2 {
		if _, err := s.Take(Visitor{"ada", false}); err != nil {
			t.Errorf("somebody with a credential was kept out: %v", err)
		}
	}
	leaves[0]()
	if _, err := s.Take(Visitor{"192.0.2.3/32", true}); err != nil {
		t.Errorf("a seat that was given back is not to be had: %v", err)
	}
}

func TestGuestsLeaveHalfOfTheSeatsToOthers(t *testing.T) {
	s := New(Shares(4))
	guest, friend := Visitor{Guest: true}, Visitor{}
	var leave []func()
	take := func(v Visitor, want bool) {
		t.Helper()
		back, err := s.Take(v)
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
	s := New(Shares(8))
	for _, c := range []struct {
		visit Visitor
		most  int
	}{
		{Visitor{Client: "1 token:1"}, 4},
		{Visitor{Client: "192.0.2.0/24", Guest: true}, 2},
	} {
		var leave []func()
		for {
			back, err := s.Take(c.visit)
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
		if back, err := s.Take(other); err != nil {
			t.Errorf("another finds none: %v", err)
		} else {
			back()
		}
		for _, back := range leave {
			back()
		}
	}
	if len(s.by) != 0 || s.taken != 0 {
		t.Errorf("%v are remembered, %d seats never given back", s.by, s.taken)
	}
}
