package upload

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jeton/vcs/rules"
	"jeton/vcs/wire"
)

// bandsOf reads an answer whose every line is in a band: lines of band 1 up to the pack, which is told as PACK, and what
// the other bands say.
func (f *fixture) bandsOf(answer string) string {
	f.t.Helper()
	var lines []string
	packing := false
	for _, line := range unframe(f.t, answer) {
		text, inBand := strings.CutPrefix(line, "\x01")
		switch {
		case !inBand && strings.HasPrefix(line, "\x02"):
			continue
		case inBand && packing:
			text = "PACK"
		case !inBand && line != "0000" && line != "0001":
			text = "band " + string('0'+line[0]) + ": " + line[1:]
		case text == "packfile":
			packing = true
		}
		if n := len(lines); text != "PACK" || lines[n-1] != "PACK" {
			lines = append(lines, text)
		}
	}
	return f.namesIn(strings.Join(lines, "; "))
}

func TestEverythingInBands(t *testing.T) {
	f := history(t, 4, Options{})
	f.hide()
	const fetch = "command=fetch; 0001; sideband-all; "
	for _, row := range []struct{ name, say, hear string }{
		{"a clone", fetch + "want MAIN; done; 0000", "packfile; PACK; 0000"},
		{"going on", fetch + "want MAIN; have X; 0000", "acknowledgments; NAK; 0000"},
		{"all sections", fetch + "want-ref refs/heads/main; have ROOT; deepen 2; 0000",
			"acknowledgments; ACK ROOT; ready; 0001; shallow-info; shallow OLD; 0001; wanted-refs; MAIN refs/heads/main; 0001; packfile; PACK; 0000"},
		{"a want of what is not there", fetch + "want X; done; 0000", "band 3: upload-pack: not our ref X"},
		{"a ref that is not there", fetch + "want-ref refs/jeton/keep; 0000", "band 3: unknown ref refs/jeton/keep"},
		{"a line that is not known", fetch + "wants; 0000", "band 3: upload-pack: unexpected line: 'wants'"},
	} {
		got, err := f.ask(wire.V2, f.script(row.say))
		if said := f.bandsOf(got); said != row.hear || (err == nil) == strings.HasPrefix(row.hear, "band 3") {
			t.Errorf("%s:\n said  %s\n heard %s (%v)\n want  %s", row.name, row.say, said, err, row.hear)
		}
	}
	again := f.script(fetch + "want MAIN; done; 0000; command=ls-refs; 0001; ref-prefix HEAD; 0000")
	if got, err := f.talk(Session{Version: wire.V2}, again); err != nil || !strings.HasSuffix(got, "0000"+pkt(f.id("main")+" HEAD\n", "0000")) {
		t.Errorf("the next command is in bands still: %q, %v", got[max(0, len(got)-100):], err)
	}
}

func TestSignsOfLifeWhileWantsAreChecked(t *testing.T) {
	alive := make(chan string, 1)
	c := &conversation{s: New(Options{KeepAlive: time.Millisecond}), ctx: t.Context(), out: wire.NewWriter(first(alive))}
	stop := c.everythingInBands()
	if got := <-alive; got != "0005\x02" {
		t.Errorf("the sign of life is %q", got)
	}
	stop()
	if c.ctx.Err() != nil || c.alive {
		t.Error("the next command has ended with the one before")
	}
}

// first passes the first thing that is written on.
type first chan string

func (f first) Write(p []byte) (int, error) {
	select {
	case f <- string(p):
	default:
	}
	return len(p), nil
}

func TestAClientThatIsGoneEndsTheWorkBeforeThePack(t *testing.T) {
	c := &conversation{s: New(Options{KeepAlive: time.Millisecond}), ctx: t.Context(), out: wire.NewWriter(cable{})}
	stop := c.everythingInBands()
	<-c.ctx.Done()
	stop()
	if c.ctx.Err() != nil {
		t.Error("what comes after it has ended too")
	}
}

// cable is a connection that nobody listens to.
type cable struct{}

func (cable) Write([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestBundlesAreTold(t *testing.T) {
	f := history(t, 4, Options{})
	ses := Session{Version: wire.V2, Stateless: true, Rules: rules.Rules{Bundles: []rules.Bundle{
		{ID: "base", URI: "https://cdn.example.com/app/base.bundle"}, {ID: "daily", URI: "daily.bundle"}, {ID: "", URI: "x"}, {ID: "none"}, {ID: "odd", URI: "a\nbundle.mode=any"},
	}}}
	var b strings.Builder
	if err := f.server.Advertise(t.Context(), f.repo, ses, &b); err != nil || !strings.Contains(b.String(), pkt("bundle-uri\n")) {
		t.Errorf("advertised %q, %v", b.String(), err)
	}
	for _, row := range []struct{ say, hear string }{
		{"command=bundle-uri; 0000", "bundle.version=1; bundle.mode=all; bundle.base.uri=https://cdn.example.com/app/base.bundle; bundle.daily.uri=daily.bundle; 0000"},
		{"command=bundle-uri; 0001; 0000", "bundle.version=1; bundle.mode=all; bundle.base.uri=https://cdn.example.com/app/base.bundle; bundle.daily.uri=daily.bundle; 0000"},
		{"command=bundle-uri; 0001; all; 0000", "ERR bundle-uri: unexpected argument: 'all'"},
		{"command=bundle-uri; 0001; 0001; 0000", "ERR upload-pack: expected flush after bundle-uri arguments"},
	} {
		got, err := f.talk(ses, f.script(row.say))
		if said := f.read(got); said != row.hear || (err == nil) == strings.HasPrefix(row.hear, "ERR") {
			t.Errorf("%s:\n heard %s (%v)\n want  %s", row.say, said, err, row.hear)
		}
	}
}
