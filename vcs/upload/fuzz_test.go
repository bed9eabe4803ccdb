package upload

import (
	"errors"
	"strings"
	"testing"

	"jeton/vcs/rules"
	"jeton/vcs/wire"
)

// FuzzClassic sends anything at all to protocols 0 and 1, FuzzCommands to protocol 2, over a small repository: whatever
// comes, there is an answer made of packets, and the error for the log says whose fault it was.
func FuzzClassic(f *testing.F) {
	x := history(f, 4, Options{Limits: Limits{Wants: 10, Haves: 20, Walk: 100}})
	const side = " side-band-64k ofs-delta"
	for _, script := range []string{
		"0000", "want MAIN multi_ack_detailed no-done side-band-64k thin-pack ofs-delta; 0000; have OLD; 0000; done", "want TAG side-band include-tag; shallow OLD; deepen 2; filter blob:none; 0000; done",
		"want MAIN" + side + "; 0000; have X; have OLD; have ROOT; 0000; done", "want MAIN multi_ack" + side + "; 0000; have OLD; have X; 0000; done", "want MAIN; want BLOB; 0000; done",
		"want MAIN deepen-relative" + side + "; shallow MAIN; deepen 1; 0000; done", "want MAIN" + side + "; shallow X; deepen-since 1700000000; deepen-not old; 0000; done",
		"want MAIN filter" + side + "; filter combine:tree:1+blob:limit=10; 0000; done", "want X; 0000; done", "want MAIN object-format=sha256; 0000", "want MAIN" + side + "; 0001", "want MAIN\x00session-id=1; 0000; done",
	} {
		f.Add(x.script(script))
	}
	f.Fuzz(func(t *testing.T, request string) { x.survives(t, wire.V0, request) })
}

// FuzzCommands: see FuzzClassic.
func FuzzCommands(f *testing.F) {
	x := history(f, 4, Options{Limits: Limits{Wants: 10, Haves: 20, Prefixes: 10, ServerOptions: 3, Walk: 100}})
	const fetch = "command=fetch; agent=git/2; object-format=sha1; 0001; "
	for _, script := range []string{
		"0000", fetch + "thin-pack; want MAIN; have OLD; done; 0000", fetch + "sideband-all; want-ref refs/heads/main; have ROOT; deepen 2; 0000", fetch + "sideband-all; want X; 0000",
		fetch + "want MAIN; have OLD; wait-for-done; 0000", fetch + "want TAG; include-tag; filter sparse:oid=BLOB; done; 0000", fetch + "want MAIN; deepen-not old; deepen-since 1; shallow OLD; done; 0000",
		"command=ls-refs\n; server-option=a; session-id=b; 0001; peel; symrefs; unborn; ref-prefix refs/; 0000", "command=object-info; 0001; size; oid BLOB; oid X; 0000", "command=bundle-uri; 0000",
		"command=ls-refs; 0000; " + fetch + "want MAIN; done; 0000; 0000", "command=fetch; command=fetch; 0000", "command=ls-refs; 0001; 0002",
	} {
		f.Add(x.script(script))
	}
	f.Fuzz(func(t *testing.T, request string) { x.survives(t, wire.V2, request) })
}

// survives says a request over HTTP and in a conversation.
func (f *fixture) survives(t *testing.T, v wire.Version, request string) {
	for _, stateless := range []bool{true, false} {
		var b strings.Builder
		ses := Session{Version: v, Stateless: stateless, Rules: rules.Rules{Bundles: []rules.Bundle{{ID: "a", URI: "b"}}, Hidden: []string{"refs/tags/light"}}}
		err := f.server.Serve(t.Context(), f.repo, ses, strings.NewReader(request), &b)
		if err != nil && !errors.Is(err, ErrBadRequest) && !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%q: %v", request, err)
		}
		if err != nil && !explained(b.String()) {
			t.Errorf("%q: nothing said of %v: %.300q", request, err, b.String())
		}
		if err == nil && stateless && b.Len() == 0 && !strings.HasPrefix(request, "0000") {
			t.Errorf("%q: answered by nothing", request)
		}
	}
}

// explained reports whether an answer ends in an error for the client: an ERR packet, or one of band 3.
func explained(answer string) bool {
	r := wire.NewReader(strings.NewReader(answer))
	last := ""
	for p, err := r.Next(); err == nil; p, err = r.Next() {
		if p.Kind == wire.Data {
			last = p.Line()
		}
	}
	return strings.HasPrefix(last, "ERR ") || strings.HasPrefix(last, "\x03")
}
