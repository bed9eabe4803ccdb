package upload

import (
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"jeton/vcs/wire"
)

// unknown are ids that no repository has.
var unknown = []string{strings.Repeat("1", 40), strings.Repeat("2", 40), strings.Repeat("3", 40)}

// names are the ids of a fixture's objects by name, for exchanges that people can read.
func (f *fixture) names() map[string]string {
	f.t.Helper()
	if f.named != nil {
		return f.named
	}
	id := strings.Fields(git(f.t, f.src, "rev-parse", "main", "old", "main~3", "v1", "v1-signed", "main:dir0/file0"))
	f.named = map[string]string{"MAIN": id[0], "OLD": id[1], "ROOT": id[2], "TAG": id[3], "NEST": id[4], "BLOB": id[5], "X": unknown[0], "Y": unknown[1]}
	return f.named
}

// script frames an exchange written with names: lines between semicolons.
func (f *fixture) script(text string) string {
	names := f.names()
	var lines []string
	for line := range strings.SplitSeq(text, "; ") {
		words := strings.Split(line, " ")
		for i, w := range words {
			if id, ok := names[w]; ok {
				words[i] = id
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return pkt(lines...)
}

// read writes an answer with names; packets of bands become one PACK.
func (f *fixture) read(answer string) string {
	names := f.names()
	var said []string
	for _, line := range unframe(f.t, answer) {
		if strings.HasPrefix(line, "\x01") || strings.HasPrefix(line, "\x02") {
			line = "PACK"
		}
		for name, id := range names {
			line = strings.ReplaceAll(line, id, name)
		}
		if len(said) == 0 || line != "PACK" || said[len(said)-1] != "PACK" {
			said = append(said, line)
		}
	}
	return strings.Join(said, "; ")
}

func TestExchangesOfProtocol0(t *testing.T) {
	f := history(t, 4, Options{})
	const side = " side-band-64k ofs-delta"
	for _, row := range []struct{ name, say, hear string }{
		{"a clone", "want MAIN" + side + "; 0000; done", "NAK; PACK; 0000"},
		{"nothing wanted", "0000", ""},
		{"hung up at once", "", ""},
		{"single ack, as go-git: the first common alone", "want MAIN" + side + "; 0000; have X; have OLD; have ROOT; 0000; done", "ACK OLD; PACK; 0000"},
		{"single ack, nothing in common", "want MAIN" + side + "; 0000; have X; 0000; have Y; 0000; done", "NAK; NAK; NAK; PACK; 0000"},
		{"multi ack", "want MAIN multi_ack" + side + "; 0000; have OLD; have X; 0000; done", "ACK OLD continue; ACK X continue; NAK; ACK OLD; PACK; 0000"},
		{"detailed, ready at the end of a round", "want MAIN multi_ack_detailed" + side + "; 0000; have OLD; 0000; done", "ACK OLD common; ACK OLD ready; NAK; ACK OLD; PACK; 0000"},
		{"detailed, ready at what is not known", "want MAIN multi_ack_detailed" + side + "; 0000; have OLD; have X; 0000; done", "ACK OLD common; ACK X ready; NAK; ACK OLD; PACK; 0000"},
		{"detailed, others first", "want MAIN multi_ack_detailed" + side + "; 0000; have X; have OLD; 0000; have Y; 0000; done", "ACK OLD common; NAK; ACK Y ready; NAK; ACK OLD; PACK; 0000"},
		{"both kinds, as dulwich: the newer", "want MAIN multi_ack multi_ack_detailed" + side + "; 0000; have OLD; 0000; done", "ACK OLD common; ACK OLD ready; NAK; ACK OLD; PACK; 0000"},
		{"no-done: the pack at once", "want MAIN multi_ack_detailed no-done" + side + "; 0000; have OLD; 0000", "ACK OLD common; ACK OLD ready; NAK; ACK OLD; PACK; 0000"},
		{"no-done without anything common", "want MAIN multi_ack_detailed no-done" + side + "; 0000; have X; 0000; done", "NAK; NAK; PACK; 0000"},
		{"done without a round", "want MAIN multi_ack_detailed" + side + "; 0000; have OLD; done", "ACK OLD common; ACK OLD; PACK; 0000"},
		{"a want that is a tag is ready too", "want NEST multi_ack_detailed" + side + "; 0000; have ROOT; 0000; done", "ACK ROOT common; ACK ROOT ready; NAK; ACK ROOT; PACK; 0000"},
		{"a want that is a blob does not hold it up", "want MAIN multi_ack_detailed" + side + "; want BLOB; 0000; have OLD; 0000; done", "ACK OLD common; ACK OLD ready; NAK; ACK OLD; PACK; 0000"},
		{"a want that nothing common leads to", "want ROOT multi_ack_detailed" + side + "; 0000; have OLD; 0000; done", "ACK OLD common; NAK; ACK OLD; PACK; 0000"},
		{"a have said twice", "want MAIN multi_ack_detailed" + side + "; 0000; have OLD; have OLD; done", "ACK OLD common; ACK OLD common; ACK OLD; PACK; 0000"},
		{"depth", "want MAIN" + side + "; deepen 2; 0000; done", "shallow OLD; 0000; NAK; PACK; 0000"},
		{"deeper", "want MAIN" + side + "; shallow OLD; deepen 3; 0000; done", "shallow " + f.id("main~2") + "; unshallow OLD; 0000; NAK; PACK; 0000"},
		{"as deep as it is", "want MAIN" + side + "; shallow OLD; deepen 2; 0000; done", "0000; NAK; PACK; 0000"},
		{"no end", "want MAIN" + side + "; shallow OLD; deepen 2147483647; 0000; done", "unshallow OLD; 0000; NAK; PACK; 0000"},
		{"relative", "want MAIN deepen-relative" + side + "; shallow MAIN; deepen 1; 0000; done", "shallow OLD; unshallow MAIN; 0000; NAK; PACK; 0000"},
		{"shallow lines of what is not there", "want MAIN" + side + "; shallow X; deepen 2; 0000; done", "shallow OLD; 0000; NAK; PACK; 0000"},
		{"a want said twice", "want MAIN" + side + "; want MAIN; 0000; done", "NAK; PACK; 0000"},
		{"capabilities without a space", "want " + f.id("main") + "multi_ack_detailed side-band-64k; 0000; have OLD; done", "ACK OLD common; ACK OLD; PACK; 0000"},
		{"a space behind, as libgit2", "want MAIN multi_ack_detailed side-band-64k include-tag thin-pack ofs-delta ; 0000; done", "NAK; PACK; 0000"},
		{"capabilities behind a NUL", "want " + f.id("main") + "\x00side-band-64k agent=x; 0000; done", "NAK; PACK; 0000"},
		{"object format", "want MAIN object-format=sha1 agent=git/2.39.5" + side + "; 0000; done", "NAK; PACK; 0000"},
	} {
		for _, version := range []wire.Version{wire.V0, wire.V1} {
			got, err := f.talk(Session{Version: version}, f.script(row.say))
			if row.say == "" {
				got, err = f.talk(Session{Version: version}, "")
			}
			if said := f.read(got); err != nil || said != f.namesIn(row.hear) {
				t.Errorf("%s:\n said  %s\n heard %s (%v)\n want  %s", row.name, row.say, said, err, row.hear)
			}
		}
	}
}

// size is the size of an object as git has it.
func (f *fixture) size(revision string) string { return git(f.t, f.src, "cat-file", "-s", revision) }

// namesIn replaces ids by names, as read does.
func (f *fixture) namesIn(text string) string {
	for name, id := range f.names() {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}

func TestStatelessRequestsStandAlone(t *testing.T) {
	f := history(t, 4, Options{})
	const side = " multi_ack_detailed no-done side-band-64k ofs-delta"
	for _, row := range []struct{ name, say, hear string }{
		{"shallow lines alone", "want MAIN" + side + "; deepen 2; 0000", "shallow OLD; 0000"},
		{"a round that brings nothing", "want MAIN" + side + "; 0000; have X; 0000", "NAK"},
		{"the common haves of before come again", "want MAIN" + side + "; 0000; have OLD; have X; 0000", "ACK OLD common; ACK X ready; NAK; ACK OLD; PACK; 0000"},
		{"the last round", "want MAIN multi_ack_detailed side-band-64k; 0000; have OLD; done", "ACK OLD common; ACK OLD; PACK; 0000"},
		{"nothing wanted", "0000", ""},
	} {
		got, err := f.ask(wire.V0, f.script(row.say))
		if said := f.read(got); err != nil || said != row.hear {
			t.Errorf("%s:\n said  %s\n heard %s (%v)\n want  %s", row.name, row.say, said, err, row.hear)
		}
	}
}

func TestWantsAloneAreNoRequest(t *testing.T) {
	f := history(t, 2, Options{})
	got, err := f.ask(wire.V0, pkt("want "+f.id("main"), "0000"))
	if said := strings.Join(unframe(t, got), "; "); err == nil || said != "ERR upload-pack: the request ends before a have or done" {
		t.Errorf("heard %s (%v)", said, err)
	}
	if got, err := f.talk(Session{}, pkt("want "+f.id("main"), "0000")); err != nil || got != "" {
		t.Errorf("a client that hangs up hears %q (%v)", got, err)
	}
}

func TestExchangesOfProtocol2(t *testing.T) {
	f := history(t, 4, Options{})
	const fetch = "command=fetch; agent=git/2.39.5; object-format=sha1; 0001; "
	for _, row := range []struct{ name, say, hear string }{
		{"a clone", fetch + "ofs-delta; want MAIN; done; 0000", "packfile; PACK; 0000"},
		{"a clone without done", fetch + "ofs-delta; want MAIN; 0000", "packfile; PACK; 0000"},
		{"nothing common", fetch + "want MAIN; have X; have Y; 0000", "acknowledgments; NAK; 0000"},
		{"ready", fetch + "want MAIN; have X; have OLD; 0000", "acknowledgments; ACK OLD; ready; 0001; packfile; PACK; 0000"},
		{"common, and not ready", fetch + "want ROOT; have OLD; 0000", "acknowledgments; ACK OLD; 0000"},
		{"a have said twice is acknowledged twice", fetch + "want ROOT; have OLD; have OLD; 0000", "acknowledgments; ACK OLD; ACK OLD; 0000"},
		{"done: no acknowledgments", fetch + "want MAIN; have OLD; have X; done; 0000", "packfile; PACK; 0000"},
		{"wait for done", fetch + "want MAIN; have OLD; wait-for-done; 0000", "acknowledgments; ACK OLD; 0000"},
		{"negotiate only", fetch + "have OLD; have X; wait-for-done; 0000", "acknowledgments; ACK OLD; 0000"},
		{"depth", fetch + "want MAIN; deepen 2; done; 0000", "shallow-info; shallow OLD; 0001; packfile; PACK; 0000"},
		{"depth and acknowledgments", fetch + "want MAIN; have OLD; deepen 2; 0000", "acknowledgments; ACK OLD; ready; 0001; shallow-info; shallow OLD; 0001; packfile; PACK; 0000"},
		{"a shallow client", fetch + "want MAIN; shallow OLD; done; 0000", "shallow-info; 0001; packfile; PACK; 0000"},
		{"shallow lines of what is not there", fetch + "want MAIN; shallow X; done; 0000", "packfile; PACK; 0000"},
		{"unshallow", fetch + "want MAIN; shallow OLD; deepen 2147483647; done; 0000", "shallow-info; unshallow OLD; 0001; packfile; PACK; 0000"},
		{"a ref by name", fetch + "want-ref refs/heads/main; done; 0000", "wanted-refs; MAIN refs/heads/main; 0001; packfile; PACK; 0000"},
		{"refs by name and by id, HEAD and tags", fetch + "want-ref HEAD; want MAIN; want-ref refs/tags/v1; want-ref HEAD; done; 0000", "wanted-refs; MAIN HEAD; TAG refs/tags/v1; 0001; packfile; PACK; 0000"},
		{"a ref by name while the client goes on offering", fetch + "want-ref refs/heads/old; have X; 0000", "acknowledgments; NAK; 0000"},
		{"all sections in the document's order", fetch + "want-ref refs/heads/main; have ROOT; deepen 2; 0000", "acknowledgments; ACK ROOT; ready; 0001; shallow-info; shallow OLD; 0001; wanted-refs; MAIN refs/heads/main; 0001; packfile; PACK; 0000"},
		{"sizes", "command=object-info; 0001; size; oid BLOB; oid TAG; oid X; 0000", "size; BLOB 350; TAG " + f.size("v1") + "; X ; 0000"},
		{"no sizes", "command=object-info; 0001; oid BLOB; oid X; 0000", "BLOB; X; 0000"},
		{"sizes of nothing", "command=object-info; 0001; size; 0000", "0000"},
		{"a session id", "command=ls-refs; session-id=20261125-me; 0001; ref-prefix HEAD; 0000", "MAIN HEAD; 0000"},
		{"a blob", fetch + "want BLOB; filter blob:none; done; 0000", "packfile; PACK; 0000"},
		{"refs", "command=ls-refs; 0001; peel; symrefs; ref-prefix HEAD; ref-prefix refs/heads/; ref-prefix refs/tags/v1; ref-prefix refs/tags/; 0000",
			"MAIN HEAD symref-target:refs/heads/main; MAIN refs/heads/main; OLD refs/heads/old; MAIN refs/tags/light; TAG refs/tags/v1 peeled:OLD; NEST refs/tags/v1-signed peeled:OLD; 0000"},
		{"refs by the shortest prefix, each once", "command=ls-refs\n; 0001; ref-prefix refs/heads/o; ref-prefix refs/heads/; 0000", "MAIN refs/heads/main; OLD refs/heads/old; 0000"},
		{"all refs", "command=ls-refs; 0000", "MAIN HEAD; MAIN refs/heads/main; OLD refs/heads/old; MAIN refs/tags/light; TAG refs/tags/v1; NEST refs/tags/v1-signed; 0000"},
		{"no such refs", "command=ls-refs; 0001; ref-prefix refs/pull/; 0000", "0000"},
		{"server options", "command=ls-refs; server-option=a; server-option=b; 0001; ref-prefix HEAD; 0000", "MAIN HEAD; 0000"},
		{"nothing at all", "0000", ""},
	} {
		got, err := f.ask(wire.V2, f.script(row.say))
		if said := f.read(got); err != nil || said != row.hear {
			t.Errorf("%s:\n said  %s\n heard %s (%v)\n want  %s", row.name, row.say, said, err, row.hear)
		}
	}
}

func TestAConversationOfProtocol2HoldsManyCommands(t *testing.T) {
	f := history(t, 4, Options{})
	const refs, fetch = "command=ls-refs; 0001; ref-prefix HEAD; 0000; ", "command=fetch; 0001; want MAIN; have OLD; done; 0000; "
	for name, end := range map[string]string{"flush": "0000", "end of input": ""} {
		script := strings.TrimSuffix(refs+fetch+fetch+refs+end, "; ")
		got, err := f.talk(Session{Version: wire.V2}, f.script(script))
		want := "MAIN HEAD; 0000; packfile; PACK; 0000; packfile; PACK; 0000; MAIN HEAD; 0000"
		if said := f.read(got); err != nil || said != want {
			t.Errorf("%s: heard %s (%v)", name, said, err)
		}
	}
	got, err := f.talk(Session{Version: wire.V2}, f.script(fetch+"command=nonsense; 0000"))
	if said := f.read(got); err == nil || said != "packfile; PACK; 0000; ERR upload-pack: invalid command 'nonsense'" {
		t.Errorf("an error after a pack: heard %s (%v)", said, err)
	}
}

func TestAdvertisements(t *testing.T) {
	f := history(t, 2, Options{Agent: "jeton/9"})
	f.hide()
	caps := "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative no-progress include-tag multi_ack_detailed allow-tip-sha1-in-want no-done allow-reachable-sha1-in-want filter"
	m, o, v1, nest := f.id("main"), f.id("old"), f.id("v1"), f.id("v1-signed")
	want := []string{m + " HEAD\x00" + caps + " symref=HEAD:refs/heads/main object-format=sha1 agent=jeton/9 session-id=S", m + " refs/heads/main", o + " refs/heads/old", m + " refs/tags/light",
		v1 + " refs/tags/v1", o + " refs/tags/v1^{}", nest + " refs/tags/v1-signed", o + " refs/tags/v1-signed^{}", "0000"}
	if got := unframe(t, f.advertisement(wire.V0)); !slices.Equal(got, want) {
		t.Errorf("protocol 0:\n%q\nwant\n%q", got, want)
	}
	if got := unframe(t, f.advertisement(wire.V1)); !slices.Equal(got, append([]string{"version 1"}, want...)) {
		t.Errorf("protocol 1:\n%q", got)
	}
	if got := strings.Join(unframe(t, f.advertisement(wire.V2)), "; "); got != "version 2; agent=jeton/9; session-id=S; ls-refs=unborn; fetch=shallow wait-for-done ref-in-want sideband-all filter; server-option; object-info; object-format=sha1; 0000" {
		t.Errorf("protocol 2: %s", got)
	}
	git(t, f.dir, "symbolic-ref", "HEAD", "refs/jeton/keep")
	f.rescan()
	if got := f.advertisement(wire.V0); strings.Contains(got, " HEAD") || strings.Contains(got, "jeton/keep") {
		t.Errorf("a HEAD that stands for the server's own ref is shown: %q", got)
	}
	got, _ := f.ask(wire.V2, pkt("command=ls-refs", "0001", "symrefs", "unborn", "ref-prefix HEAD", "0000"))
	if got != "0000" {
		t.Errorf("protocol 2 shows it too: %q", got)
	}
}

func TestAdvertisementOfAnEmptyRepository(t *testing.T) {
	f := empty(t, Options{Agent: "jeton/9"})
	if got := unframe(t, f.advertisement(wire.V0)); len(got) != 2 || !strings.HasPrefix(got[0], strings.Repeat("0", 40)+" capabilities^{}\x00multi_ack ") || strings.Contains(got[0], "symref") {
		t.Errorf("protocol 0: %q", got)
	}
	for args, want := range map[string]string{"symrefs unborn": "unborn HEAD symref-target:refs/heads/main; 0000", "unborn": "0000", "symrefs": "0000"} {
		got, err := f.ask(wire.V2, pkt(append(append([]string{"command=ls-refs", "0001"}, strings.Fields(args)...), "0000")...))
		if said := strings.Join(unframe(t, got), "; "); err != nil || said != want {
			t.Errorf("%s: %s, %v", args, said, err)
		}
	}
}

func TestLimitsThatAreNotSetHaveDefaults(t *testing.T) {
	l := Limits{}.withDefaults()
	if l.Refs != 1_000_000 || l.ServerOptions != 1000 || l.Wants != 100_000 || l.Haves != 1_000_000 || l.Prefixes != 65_536 || l.Request != 64<<20 || l.Walk <= 0 || l.Visit <= 0 {
		t.Errorf("defaults are %+v", l)
	}
	set := Limits{Wants: 1, Haves: 2, Prefixes: 3, Request: 4, Walk: 5, ServerOptions: 6, Refs: 8, Visit: 7}
	if got := set.withDefaults(); got != set {
		t.Errorf("what was set became %+v", got)
	}
}

func TestARequestMayBeAsLargeAsItsBound(t *testing.T) {
	f := history(t, 2, Options{})
	request := pkt("command=ls-refs", "0001", "ref-prefix HEAD", "0000")
	for bound, ok := range map[int64]bool{int64(len(request)): true, int64(len(request)) - 1: false} {
		f.server = New(Options{Limits: Limits{Request: bound}})
		got, err := f.ask(wire.V2, request)
		if (err == nil) != ok || strings.Contains(got, "ERR") == ok {
			t.Errorf("bound %d: %q, %v", bound, got, err)
		}
	}
	f.server = New(Options{Limits: Limits{Request: int64(len(request)) + 10}})
	var b strings.Builder // what is read ahead counts for the command before, so nothing is
	err := f.server.Serve(t.Context(), f.repo, Session{Version: wire.V2}, iotest.OneByteReader(strings.NewReader(request+request+request)), &b)
	if err != nil || strings.Count(b.String(), " HEAD\n") != 3 {
		t.Errorf("a bound is for each command of a conversation: %q, %v", b.String(), err)
	}
}
