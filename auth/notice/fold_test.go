package notice

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLikeMessagesAreFolded(t *testing.T) {
	var f folds
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	sent := 0
	for range 100 {
		if f.take(&Message{Like: "decoy 1"}, now) {
			sent++
		}
	}
	if sent != foldMost {
		t.Errorf("of 100 like messages %d went out, want %d", sent, foldMost)
	}
	if !f.take(&Message{Like: "decoy 2"}, now) || !f.take(&Message{}, now) || !f.take(&Message{}, now) {
		t.Error("a message that is like none was held back")
	}
	m := Message{Like: "decoy 1", Text: "It was tried.\n"}
	if !f.take(&m, now.Add(foldTime)) || !strings.Contains(m.Text, fmt.Sprintf("%d more messages like this one were held back since 2026-11-26 00:00 UTC", 100-foldMost)) {
		t.Errorf("the first after the time says %q", m.Text)
	}
	again := Message{Like: "decoy 1", Text: "It was tried.\n"}
	if !f.take(&again, now.Add(foldTime)) || strings.Contains(again.Text, "held back") {
		t.Errorf("the second after the time says %q", again.Text)
	}
}

func TestFoldsAreBounded(t *testing.T) {
	var f folds
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	for i := range 3 * foldKept {
		if !f.take(&Message{Like: fmt.Sprint(i)}, now) {
			t.Fatalf("message %d, which is like none, was held back", i)
		}
	}
	if len(f.of) > foldKept {
		t.Errorf("%d folds are kept, want at most %d", len(f.of), foldKept)
	}
}
