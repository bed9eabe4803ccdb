package upload

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"jeton/vcs/wire"
)

// slow is a client that takes what is written only after the server has had several occasions for a sign of life.
type slow struct{ bytes.Buffer }

func (s *slow) Write(p []byte) (int, error) {
	<-time.After(10 * time.Millisecond)
	return s.Buffer.Write(p)
}

func TestSignsOfLifeEndBeforeTheAnswerDoes(t *testing.T) {
	f := history(t, 4, Options{KeepAlive: time.Millisecond})
	const fetch = "command=fetch; 0001; sideband-all; "
	for say, hear := range map[string]string{
		fetch + "want MAIN; have X; 0000":       "acknowledgments; NAK; 0000",
		fetch + "want MAIN; done; 0000":         "packfile; PACK; 0000",
		fetch + "want MAIN; have ROOT; 0000":    "acknowledgments; ACK ROOT; ready; 0001; packfile; PACK; 0000",
		fetch + "want X; done; 0000":            "band 3: upload-pack: not our ref X",
		fetch + "wait-for-done; have X; 0000":   "acknowledgments; NAK; 0000",
		fetch + "want-ref refs/heads/no; 0000":  "band 3: unknown ref refs/heads/no",
		fetch + "want MAIN; deepen 1; 0000":     "shallow-info; shallow MAIN; 0001; packfile; PACK; 0000",
		fetch + "want MAIN; filter a:b; 0000":   "band 3: upload-pack: invalid filter-spec 'a:b'",
		fetch + "want MAIN; no-progress; 0000":  "packfile; PACK; 0000",
		fetch + "want MAIN; have MAIN; 0000":    "acknowledgments; ACK MAIN; ready; 0001; packfile; PACK; 0000",
		fetch + "want-ref refs/heads/old; 0000": "wanted-refs; OLD refs/heads/old; 0001; packfile; PACK; 0000",
	} {
		var w slow
		_ = f.server.Serve(t.Context(), f.repo, Session{Version: wire.V2, Stateless: true}, strings.NewReader(f.script(say)), &w)
		if got := f.bandsOf(w.String()); got != hear {
			t.Errorf("said  %s\n heard %s\n want  %s", say, got, hear)
		}
	}
}

func TestSignsOfLifeDoNotTearTheAnswer(t *testing.T) {
	f := history(t, 4, Options{KeepAlive: 50 * time.Microsecond})
	for range 30 {
		got, err := f.ask(wire.V2, f.script("command=fetch; 0001; sideband-all; want MAIN; done; 0000"))
		if said := f.bandsOf(got); err != nil || said != "packfile; PACK; 0000" {
			t.Fatalf("heard %s, %v", said, err)
		}
	}
}

// trap is a connection with a bug.
type trap struct{}

func (trap) Write([]byte) (int, error) { panic("a bug") }

func TestABugInAGoroutineEndsItsRequestAlone(t *testing.T) {
	var log bytes.Buffer
	c := &conversation{s: New(Options{KeepAlive: time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))}), ctx: t.Context(), out: wire.NewWriter(trap{})}
	end := c.everythingInBands()
	<-c.ctx.Done() // the work ends
	if err := end(); err == nil || err.Error() != "signs of life: panic: a bug" {
		t.Errorf("the request ends with %v", err)
	}
	if said := log.String(); !strings.Contains(said, "panic in a fetch") || !strings.Contains(said, "alive_test.go") {
		t.Errorf("the log says %s", said)
	}
}
