package upload

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"jeton/vcs/wire"
)

func TestHostileRequests(t *testing.T) {
	f := history(t, 4, Options{Limits: Limits{Wants: 2, Haves: 3, Prefixes: 2, Request: 100_000, ServerOptions: 2}})
	_, reserved := f.hide()
	main := f.id("main")
	const fetch = "command=fetch"
	want0 := "want " + main + " side-band-64k"
	rows := []struct {
		name    string
		v       wire.Version
		request string
		said    string
	}{
		{"no digits", wire.V0, "GET / HTTP/1.1", "malformed pkt-line"},
		{"cut within a packet", wire.V0, "0032want ", "malformed pkt-line"},
		{"length 3", wire.V0, "0003", "malformed pkt-line"},
		{"length over the bound", wire.V0, "ffff", "malformed pkt-line"},
		{"terminal codes in a length", wire.V0, "\x1b[2J", `\x1b[2J`},
		{"a want without an id", wire.V0, pkt("want ", "0000"), "expected to get object ID, not 'want '"},
		{"a want of nonsense", wire.V0, pkt("want "+strings.Repeat("z", 40), "0000"), "expected to get object ID"},
		{"a want that is short", wire.V0, pkt("want "+main[:39], "0000"), "expected to get object ID"},
		{"a want with terminal codes", wire.V0, pkt("want \x1b]0;evil\x07", "0000"), `want \x1b]0;evil\x07`},
		{"a want that turns writing round", wire.V0, pkt("want \u202e"+main, "0000"), "<U+202E>"},
		{"a want in capitals", wire.V0, pkt("WANT "+main, "0000"), "expected to get object ID"},
		{"a have before the flush", wire.V0, pkt(want0, "have "+main, "0000"), "expected to get object ID, not 'have "},
		{"a want of 41 digits", wire.V0, pkt("want "+main+"0", "0000"), "expected to get object ID, not 'want " + main + "0'"},
		{"a want of 41 digits, the last a letter", wire.V0, pkt("want "+main+"a side-band-64k", "0000"), "expected to get object ID"},
		{"a want of 64 digits", wire.V0, pkt("want "+main+strings.Repeat("ab", 12), "0000"), "expected to get object ID"},
		{"a want with a NUL within", wire.V0, pkt("want "+main[:20]+"\x00"+main[20:], "0000"), "expected to get object ID"},
		{"something glued to a want", wire.V0, pkt("want "+main+"/x", "0000"), "expected to get object ID"},
		{"a depth without a want", wire.V0, pkt("deepen 1", "0000"), "the request asks for nothing, it has no want"},
		{"shallow lines without a want", wire.V0, pkt("shallow "+main, "0000"), "the request asks for nothing, it has no want"},
		{"a have of 64 digits", wire.V0, pkt(want0, "0000", "have "+main+strings.Repeat("0", 24)), "expected SHA1 object"},
		{"a shallow line of 41 digits", wire.V0, pkt(want0, "shallow "+main+"0", "0000"), "invalid shallow line"},
		{"a want of 41 digits in protocol 2", wire.V2, pkt(fetch, "0001", "want "+main+"0", "0000"), "expected to get object ID"},
		{"a want of zero in protocol 2", wire.V2, pkt(fetch, "0001", "want "+strings.Repeat("0", 40), "done", "0000"), "not our ref 0000"},
		{"a want of what is not there", wire.V0, pkt("want "+unknown[0], "0000"), "not our ref " + unknown[0]},
		{"a want of what is hidden", wire.V0, pkt("want "+reserved, "0000"), "not our ref " + reserved},
		{"a want of zero", wire.V0, pkt("want "+strings.Repeat("0", 40), "0000"), "not our ref 0000"},
		{"too many wants", wire.V0, pkt(want0, "want "+unknown[0], "want "+unknown[1], "0000"), "more than 2 wants in one request; fetch fewer refs"},
		{"sha256", wire.V0, pkt(want0+" object-format=sha256", "0000"), "git init --object-format=sha1"},
		{"delim among wants", wire.V0, pkt(want0, "0001"), "has no place in this protocol"},
		{"response-end among wants", wire.V0, pkt("0002"), "has no place in this protocol"},
		{"wants without an end", wire.V0, pkt(want0), "the request ends before its flush packet"},
		{"deepen 0", wire.V0, pkt(want0, "deepen 0", "0000"), "Invalid deepen: deepen 0"},
		{"deepen a negative", wire.V0, pkt(want0, "deepen -1", "0000"), "Invalid deepen"},
		{"deepen nonsense", wire.V0, pkt(want0, "deepen ten", "0000"), "Invalid deepen"},
		{"deepen more than a number holds", wire.V0, pkt(want0, "deepen 99999999999999999999", "0000"), "Invalid deepen"},
		{"deepen-since", wire.V0, pkt(want0, "deepen-since yesterday", "0000"), "Invalid deepen-since: deepen-since yesterday"},
		{"deepen-not", wire.V0, pkt(want0, "deepen-not refs/heads/none", "0000"), "deepen-not is not a ref: deepen-not refs/heads/none"},
		{"shallow nonsense", wire.V0, pkt(want0, "shallow xyz", "0000"), "invalid shallow line: shallow xyz"},
		{"shallow of a tag", wire.V0, pkt(want0, "shallow "+f.id("v1"), "0000"), "invalid shallow object " + f.id("v1")},
		{"too many shallow lines", wire.V0, pkt(want0, "shallow "+unknown[0], "shallow "+unknown[0], "shallow "+unknown[0], "shallow "+unknown[0], "0000"), "more than 3 shallow lines"},
		{"a filter of nothing known", wire.V0, pkt(want0, "filter blob:some", "0000"), "invalid filter-spec 'blob:some'"},
		{"a filter that is none", wire.V0, pkt(want0, "filter ", "0000"), "invalid filter-spec ''"},
		{"neither have nor done", wire.V0, pkt(want0, "0000", "hello"), "expected SHA1 list, got 'hello'"},
		{"a have of nonsense", wire.V0, pkt(want0, "0000", "have hello"), "expected SHA1 object, got 'hello'"},
		{"haves without an end", wire.V0, pkt(want0, "0000", "have "+unknown[0]), "the request ends before its flush packet"},
		{"too many haves", wire.V0, pkt(want0, "0000", "have "+unknown[0], "have "+unknown[0], "have "+unknown[0], "have "+unknown[0]), "more than 3 haves in one request"},
		{"delim among haves", wire.V0, pkt(want0, "0000", "0001"), "has no place in this protocol"},
		{"too large", wire.V0, pkt(want0) + strings.Repeat(pkt("shallow "+strings.Repeat("x", 60_000)), 1), "invalid shallow line"},
		{"too large in all", wire.V0, strings.Repeat(pkt("want "+main+strings.Repeat(" x", 20_000)), 4), "the request is larger than 100000 bytes"},
		{"a long line is not repeated whole", wire.V0, pkt("want " + strings.Repeat("y", 60_000)), "..."},

		{"nothing", wire.V2, "", "the request is empty"},
		{"nothing in protocol 0", wire.V0, "", "the request is empty"},
		{"nothing wanted", wire.V2, pkt(fetch, "0001", "ofs-delta", "0000"), "a fetch needs a want"},
		{"a ref that is not there", wire.V2, pkt(fetch, "0001", "want-ref refs/heads/nothing", "0000"), "ERR unknown ref refs/heads/nothing"},
		{"a ref that is the server's own", wire.V2, pkt(fetch, "0001", "want-ref refs/jeton/keep", "0000"), "ERR unknown ref refs/jeton/keep"},
		{"a ref by half its name", wire.V2, pkt(fetch, "0001", "want-ref main", "0000"), "ERR unknown ref main"},
		{"a ref with terminal codes", wire.V2, pkt(fetch, "0001", "want-ref \x1b[2J", "0000"), `ERR unknown ref \x1b[2J`},
		{"too many refs by name", wire.V2, pkt(fetch, "0001", "want-ref refs/heads/main", "want-ref refs/heads/old", "want-ref refs/tags/v1", "0000"), "more than 2 wants in one request"},
		{"too many server options", wire.V2, pkt("command=ls-refs", "server-option=1", "server-option=2", "server-option=3", "0000"), "more than 2 server options in one request; send fewer"},
		{"too many capabilities", wire.V2, pkt("command=ls-refs") + strings.Repeat(pkt("agent=x"), 1001), "more than 1000 capabilities in one request"},
		{"object-info of nonsense", wire.V2, pkt("command=object-info", "0001", "oid "+main+"0", "0000"), "ERR object-info: protocol error, expected to get oid, not '" + main + "0'"},
		{"an unknown argument of object-info", wire.V2, pkt("command=object-info", "0001", "type", "0000"), "ERR object-info: unexpected line: 'type'"},
		{"too many objects", wire.V2, pkt("command=object-info", "0001", "oid "+main, "oid "+main, "oid "+main, "0000"), "object-info: more than 2 objects in one request"},
		{"object-info without an end", wire.V2, pkt("command=object-info", "0001", "size", "0001"), "expected flush after object-info arguments"},
		{"bundles where there are none", wire.V2, pkt("command=bundle-uri", "0000"), "invalid command 'bundle-uri'"},
		{"no command", wire.V2, pkt("agent=git", "0001", "want "+main, "0000"), "no command requested"},
		{"an empty command", wire.V2, pkt("command=", "0000"), "no command requested"},
		{"a delim alone", wire.V2, pkt("0001"), "no command requested"},
		{"two commands", wire.V2, pkt(fetch, "command=ls-refs", "0000"), "command 'ls-refs' requested after already requesting command 'fetch'"},
		{"an unknown command", wire.V2, pkt("command=push\x1b", "0000"), `invalid command 'push\x1b'`},
		{"a command in capitals", wire.V2, pkt("Command=fetch", "0000"), "unknown capability 'Command=fetch'"},
		{"an unknown capability", wire.V2, pkt(fetch, "session-ids=1", "0000"), "unknown capability 'session-ids=1'"},
		{"sha256", wire.V2, pkt(fetch, "object-format=sha256", "0000"), "git init --object-format=sha1"},
		{"response-end", wire.V2, pkt(fetch, "0002"), "response-end"},
		{"a head without an end", wire.V2, pkt(fetch), "the request ends before its flush packet"},
		{"arguments without an end", wire.V2, pkt(fetch, "0001", "want "+main), "the request ends before its flush packet"},
		{"a delim among arguments", wire.V2, pkt(fetch, "0001", "0001", "0000"), "expected flush after fetch arguments"},
		{"an unknown argument", wire.V2, pkt(fetch, "0001", "sideband", "0000"), "unexpected line: 'sideband'"},
		{"packfile-uris", wire.V2, pkt(fetch, "0001", "packfile-uris https", "0000"), "unexpected line"},
		{"want with capabilities", wire.V2, pkt(fetch, "0001", "want "+main+" thin-pack", "0000"), "expected to get object ID"},
		{"a want of what is hidden", wire.V2, pkt(fetch, "0001", "want "+reserved, "done", "0000"), "not our ref " + reserved},
		{"a want of what is not there", wire.V2, pkt(fetch, "0001", "want "+unknown[0], "done", "0000"), "not our ref " + unknown[0]},
		{"too many wants", wire.V2, pkt(fetch, "0001", "want "+unknown[0], "want "+unknown[1], "want "+unknown[2], "0000"), "more than 2 wants"},
		{"too many haves", wire.V2, pkt(fetch, "0001", "have "+main, "have "+main, "have "+main, "have "+main, "0000"), "more than 3 haves"},
		{"a have of nonsense", wire.V2, pkt(fetch, "0001", "have "+main+"0", "0000"), "expected SHA1 object"},
		{"deepen-since", wire.V2, pkt(fetch, "0001", "deepen-since yesterday", "0000"), "Invalid deepen-since: deepen-since yesterday"},
		{"deepen-not", wire.V2, pkt(fetch, "0001", "want "+main, "deepen-not none", "done", "0000"), "deepen-not is not a ref: deepen-not none"},
		{"a filter by size", wire.V2, pkt(fetch, "0001", "filter blob:limit=1x", "0000"), "invalid filter-spec 'blob:limit=1x'"},
		{"a filter by a hidden object", wire.V2, pkt(fetch, "0001", "want "+main, "filter sparse:oid="+reserved, "done", "0000"), "unable to access sparse blob in '" + reserved + "'"},
		{"an unknown argument of ls-refs", wire.V2, pkt("command=ls-refs", "0001", "peeled", "0000"), "unexpected line: 'peeled'"},
		{"too large", wire.V2, pkt("command=ls-refs", "0001") + strings.Repeat(pkt("ref-prefix "+strings.Repeat("x", 60_000)), 2), "the request is larger than 100000 bytes"},
	}
	for _, row := range rows {
		for _, stateless := range []bool{true, false} {
			if row.request == "" && !stateless {
				continue // over SSH that is a client which hangs up
			}
			got, err := f.talk(Session{Version: row.v, Stateless: stateless}, row.request)
			lines := unframe(t, got)
			if !errors.Is(err, ErrBadRequest) && !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%s: error for the log is %v, want one that says whose fault it is", row.name, err)
			}
			if len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "ERR ") || !strings.Contains(got, row.said) {
				t.Errorf("%s: answered %.200q, want %q", row.name, got, row.said)
			}
			if strings.ContainsAny(strings.Join(lines, ""), "\x1b\x07\u202e") || len(got) > 6000 {
				t.Errorf("%s: echoed as it came: %.200q", row.name, got)
			}
		}
	}
}

func TestHiddenHavesAreAnsweredLikeMissingOnes(t *testing.T) {
	f := history(t, 4, Options{})
	forced, reserved := f.hide()
	blob := f.id(reserved + ":reserved")
	for _, id := range []string{forced, reserved, blob, unknown[0]} {
		got, err := f.ask(wire.V2, pkt("command=fetch", "0001", "want "+f.id("main"), "have "+id, "0000"))
		if said := strings.Join(unframe(t, got), "; "); err != nil || said != "acknowledgments; NAK; 0000" {
			t.Errorf("have %s: %s, %v", id, said, err)
		}
		got, err = f.ask(wire.V0, pkt("want "+f.id("main")+" multi_ack_detailed", "0000", "have "+id, "0000"))
		if said := strings.Join(unframe(t, got), "; "); err != nil || said != "NAK" {
			t.Errorf("have %s in protocol 0: %s, %v", id, said, err)
		}
		got, err = f.ask(wire.V0, pkt("want "+f.id("main"), "shallow "+id, "deepen 2147483647", "0000"))
		if said := strings.Join(unframe(t, got), "; "); err != nil || said != "0000" {
			t.Errorf("shallow %s: %s, %v", id, said, err)
		}
	}
}

func TestTooLongAWalkIsAnsweredLikeAMissingObject(t *testing.T) {
	f := history(t, 6, Options{Limits: Limits{Walk: 1}})
	root := f.id("main~5")
	got, err := f.ask(wire.V2, pkt("command=fetch", "0001", "want "+root, "done", "0000"))
	if said := strings.Join(unframe(t, got), "; "); err == nil || !strings.HasPrefix(said, "ERR upload-pack: not our ref "+root+": no ref that you see leads to it") {
		t.Errorf("want: %s, %v", said, err)
	}
	got, err = f.ask(wire.V2, pkt("command=fetch", "0001", "want "+f.id("main"), "have "+root, "0000"))
	if said := strings.Join(unframe(t, got), "; "); err != nil || said != "acknowledgments; NAK; 0000" {
		t.Errorf("have: %s, %v", said, err)
	}
}

func TestABrokenConnectionIsLeftToItsOwner(t *testing.T) {
	f := history(t, 2, Options{})
	broken := errors.New("not a gzip body")
	for _, v := range []wire.Version{wire.V0, wire.V2} {
		var b strings.Builder
		r := io.MultiReader(strings.NewReader("00"), iotest.ErrReader(broken))
		err := f.server.Serve(t.Context(), f.repo, Session{Version: v, Stateless: true}, r, &b)
		if !errors.Is(err, broken) || errors.Is(err, ErrBadRequest) || b.Len() > 0 {
			t.Errorf("protocol %d: told %q, %v", v, b.String(), err)
		}
	}
}

func TestWorkEndsWithItsContext(t *testing.T) {
	f := history(t, 2, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b strings.Builder
	err := f.server.Serve(ctx, f.repo, Session{Version: wire.V2, Stateless: true}, strings.NewReader(pkt("command=fetch", "0001", "want "+f.id("main"), "done", "0000")), &b)
	if !errors.Is(err, context.Canceled) || strings.Contains(b.String(), "PACK") {
		t.Errorf("got %q, %v", b.String(), err)
	}
}
