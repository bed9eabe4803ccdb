package upload

import (
	"path/filepath"
	"strings"
	"testing"

	"jeton/vcs/rules"
	"jeton/vcs/wire"
)

// hiding is a session in which some refs are hidden.
func hiding(v wire.Version, patterns ...string) Session {
	return Session{Version: v, Stateless: true, Rules: rules.Rules{Hidden: patterns}}
}

// shownTo is what protocol 0 lists to a client, by name.
func (f *fixture) shownTo(ses Session) string {
	f.t.Helper()
	var b strings.Builder
	if err := f.server.Advertise(f.t.Context(), f.repo, ses, &b); err != nil {
		f.t.Fatal(err)
	}
	var names []string
	for _, line := range unframe(f.t, b.String()) {
		line, _, _ = strings.Cut(line, "\x00")
		if _, name, ok := strings.Cut(line, " "); ok && !strings.HasSuffix(name, "^{}") {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func TestHiddenRefsAreThoseThatGitHides(t *testing.T) {
	f := history(t, 4, Options{})
	for _, name := range []string{"refs/pull/1/head", "refs/pull/1/merge", "refs/pull/2/head", "refs/pulled", "refs/heads/pull/x"} {
		git(t, f.dir, "update-ref", name, f.id("main"))
	}
	f.rescan()
	for _, patterns := range [][]string{
		nil, {"refs/pull"}, {"refs/pull/"}, {"refs/pull//"}, {"refs/pul"}, {"refs/pull", "!refs/pull/1"}, {"!refs/pull/1", "refs/pull"}, {"refs/pull", "!refs/pull/1", "refs/pull/1/merge"},
		{"^refs/pull"}, {"refs/pull", "!^refs/pull/2/head"}, {"refs/heads/pull", "refs/tags"}, {"refs/tags/v1", "refs/pulled"}, {"HEAD"}, {""},
	} {
		args := []string{}
		for _, p := range patterns {
			args = append(args, "-c", "uploadpack.hideRefs="+p)
		}
		out := git(t, f.dir, append(args, "upload-pack", "--advertise-refs", ".")...)
		var names []string
		for _, line := range unframe(t, out) {
			line, _, _ = strings.Cut(line, "\x00")
			if _, name, ok := strings.Cut(line, " "); ok && !strings.HasSuffix(name, "^{}") {
				names = append(names, name)
			}
		}
		if got, want := f.shownTo(hiding(wire.V0, patterns...)), strings.Join(names, " "); got != want {
			t.Errorf("hidden %q:\n shown %s\n git   %s", patterns, got, want)
		}
		if want := strings.Join(names, "; "); want != "capabilities^{}" {
			got, err := f.talk(hiding(wire.V2, patterns...), pkt("command=ls-refs", "0000"))
			for _, line := range unframe(t, got) {
				if _, name, ok := strings.Cut(line, " "); ok && !strings.Contains("; "+want+";", "; "+name+";") || err != nil {
					t.Errorf("hidden %q: ls-refs shows %s (%v)", patterns, line, err)
				}
			}
		}
	}
}

func TestASymbolicRefToAHiddenOneIsHidden(t *testing.T) {
	f := history(t, 4, Options{})
	git(t, f.dir, "symbolic-ref", "HEAD", "refs/heads/alias")
	git(t, f.dir, "symbolic-ref", "refs/heads/alias", "refs/heads/second")
	git(t, f.dir, "symbolic-ref", "refs/heads/second", "refs/secret/main")
	git(t, f.dir, "update-ref", "refs/secret/main", f.id("main"))
	f.rescan()
	if got := f.shownTo(hiding(wire.V0)); !strings.HasPrefix(got, "HEAD refs/heads/alias ") || !strings.Contains(got, "refs/heads/second") {
		t.Errorf("nothing hidden: %s", got)
	}
	if got := f.shownTo(hiding(wire.V0, "refs")); got != "" {
		t.Errorf("everything hidden, HEAD goes with its branch: %s", got)
	}
	if got := f.shownTo(hiding(wire.V0, "refs/secret")); got != "refs/heads/main refs/heads/old refs/tags/light refs/tags/v1 refs/tags/v1-signed" {
		t.Errorf("shown: %s", got)
	}
	got, _ := f.talk(hiding(wire.V2, "refs/secret"), pkt("command=ls-refs", "0001", "symrefs", "unborn", "ref-prefix HEAD", "ref-prefix refs/heads/al", "0000"))
	if got != "0000" {
		t.Errorf("protocol 2 shows %q", got)
	}
	git(t, f.dir, "update-ref", "-d", "refs/secret/main")
	f.rescan()
	got, _ = f.talk(hiding(wire.V2, "refs/secret"), pkt("command=ls-refs", "0001", "symrefs", "unborn", "ref-prefix HEAD", "0000"))
	if strings.Contains(got, "secret") {
		t.Errorf("an unborn branch that is hidden is told: %q", got)
	}
}

// secrets are objects that are in the repository's store and reachable from no ref that is seen: a branch that was
// deleted, one left by a force push, the server's own ref, and a ref that the rules hide.
func (f *fixture) secrets() map[string]string {
	forced, reserved := f.hide()
	deleted := f.commit("deleted", "on a branch that is gone")
	git(f.t, f.src, "push", "-q", "origin", deleted+":refs/heads/gone")
	git(f.t, f.src, "push", "-q", "origin", ":refs/heads/gone")
	git(f.t, f.src, "reset", "-q", "--hard", "HEAD~1")
	others := f.commit("others", "another client's")
	git(f.t, f.src, "tag", "-a", "-m", "hidden", "hidden-tag")
	git(f.t, f.src, "push", "-q", "origin", others+":refs/pull/1/head", "hidden-tag:refs/pull/1/tag")
	git(f.t, f.src, "reset", "-q", "--hard", "HEAD~1")
	f.rescan()
	return map[string]string{
		"a commit left by a force push": forced, "a commit of the server's own": reserved, "a commit of a deleted branch": deleted, "a commit of a hidden ref": others,
		"a hidden tag": f.id("hidden-tag"), "a blob of a deleted branch": f.id(deleted + ":deleted"), "a tree of a hidden ref": f.id(others + "^{tree}"), "a blob of a hidden ref": f.id(others + ":others"),
	}
}

func TestWhatIsHiddenIsAnsweredAsWhatIsNotThere(t *testing.T) {
	f := history(t, 4, Options{})
	secrets, main := f.secrets(), f.id("main")
	const fetch = "command=fetch"
	for what, id := range secrets {
		if out, err := try(t, f.dir, "cat-file", "-e", id); err != nil {
			t.Fatalf("%s is not in the store: %s", what, out)
		}
		for _, ask := range []struct {
			v       wire.Version
			request string
		}{
			{wire.V2, pkt(fetch, "0001", "want ID", "done", "0000")},
			{wire.V2, pkt(fetch, "0001", "want "+main, "want ID", "0000")},
			{wire.V2, pkt(fetch, "0001", "want "+main, "have ID", "0000")},
			{wire.V2, pkt(fetch, "0001", "have ID", "wait-for-done", "0000")},
			{wire.V2, pkt(fetch, "0001", "sideband-all", "want ID", "done", "0000")},
			{wire.V2, pkt(fetch, "0001", "want "+main, "filter sparse:oid=ID", "done", "0000")},
			{wire.V2, pkt(fetch, "0001", "want "+main, "filter sparse:oid=ID:others", "done", "0000")},
			{wire.V2, pkt(fetch, "0001", "want "+main, "deepen-not ID", "done", "0000")},
			{wire.V2, pkt("command=object-info", "0001", "size", "oid ID", "oid "+main, "0000")},
			{wire.V2, pkt("command=object-info", "0001", "oid ID", "0000")},
			{wire.V2, pkt(fetch, "0001", "want "+main, "have ID", "have "+main, "done", "0000")},
			{wire.V2, pkt(fetch, "0001", "want "+main, "shallow ID", "done", "0000")},
			{wire.V2, pkt(fetch, "0001", "want "+main, "shallow ID", "deepen 1", "deepen-relative", "done", "0000")},
			{wire.V0, pkt("want ID", "0000", "done")},
			{wire.V1, pkt("want "+main+" multi_ack_detailed", "0000", "have ID", "0000")},
			{wire.V0, pkt("want "+main+" multi_ack", "0000", "have ID", "done")},
			{wire.V0, pkt("want "+main, "shallow ID", "deepen 2147483647", "0000")},
		} {
			hear := func(id string) string {
				got, _ := f.talk(hiding(ask.v, "refs/pull"), reframe(t, ask.request, id))
				return strings.ReplaceAll(got, id, "ID")
			}
			if got, want := hear(id), hear(unknown[0]); got != want {
				t.Errorf("%s, asked %q:\n answered %.300q\n what is not there %.300q", what, ask.request, got, want)
			}
		}
	}
}

func TestAHiddenRefIsAnsweredAsOneThatIsNotThere(t *testing.T) {
	f := history(t, 4, Options{})
	f.secrets()
	main := f.id("main")
	for _, request := range []string{
		pkt("command=fetch", "0001", "want-ref ID", "done", "0000"), pkt("command=fetch", "0001", "want "+main, "deepen-not ID", "done", "0000"),
		pkt("command=fetch", "0001", "want "+main, "filter sparse:oid=ID", "done", "0000"), pkt("command=fetch", "0001", "want "+main, "filter sparse:oid=ID:others", "done", "0000"),
		pkt("command=ls-refs", "0001", "symrefs", "peel", "ref-prefix ID", "0000"),
	} {
		hear := func(name string) string {
			got, _ := f.talk(hiding(wire.V2, "refs/pull"), reframe(t, request, name))
			return strings.ReplaceAll(got, name, "ID")
		}
		for _, name := range []string{"refs/pull/1/head", "refs/jeton/keep"} {
			if got, want := hear(name), hear("refs/none/1/head"[:len(name)]); got != want || strings.Contains(got, "PACK") {
				t.Errorf("%s, asked %q:\n answered %.300q\n what is not there %.300q", name, request, got, want)
			}
		}
	}
}

// reframe puts an id into the lines of a request that was framed with the word ID.
func reframe(t *testing.T, request, id string) string {
	var lines []string
	for _, line := range unframe(t, request) {
		lines = append(lines, strings.ReplaceAll(line, "ID", id))
	}
	return pkt(lines...)
}

func TestRealGitDoesNotGetWhatIsHidden(t *testing.T) {
	f := history(t, 4, Options{})
	secrets := f.secrets()
	f.under(rules.Rules{Hidden: []string{"refs/pull"}})
	eitherVersion(t, func(t *testing.T, v string) {
		for what, id := range secrets {
			dir := blank(t, nil)
			if out, err := try(t, dir, "-c", v, "fetch", f.url, id); err == nil || !strings.Contains(out, "upload-pack: not our ref "+id) {
				t.Errorf("%s: %v\n%s", what, err, out)
			}
		}
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, "", "-c", v, "clone", "-q", "--mirror", f.url, dir)
		if out := git(t, dir, "for-each-ref"); strings.Contains(out, "refs/pull") {
			t.Errorf("a mirror has %s", out)
		}
	})
}

func TestAdvertisedOnlyServesWhatRefsPointTo(t *testing.T) {
	f := history(t, 6, Options{})
	f.under(rules.Rules{AdvertisedOnly: true})
	eitherVersion(t, func(t *testing.T, v string) {
		for revision, ok := range map[string]bool{"main": true, "old": true, "v1": true, "v1-signed": true, "v1^{}": true, "main~3": false, "main^{tree}": false, "main:dir0/file0": false} {
			dir := blank(t, nil)
			out, err := try(t, dir, "-c", v, "fetch", "-q", f.url, f.id(revision))
			if (err == nil) != ok {
				t.Errorf("%s: %v\n%s", revision, err, out)
			}
			if !ok && !strings.Contains(out, "not our ref") && !strings.Contains(out, "Server does not allow request for unadvertised object") {
				t.Errorf("%s: git says %s", revision, out)
			}
		}
		dir := filepath.Join(t.TempDir(), "clone")
		out := git(t, "", "-c", v, "clone", "--filter=blob:none", f.url, dir)
		if !strings.Contains(out, "filtering not recognized by server") {
			t.Errorf("a partial clone could not fetch its blobs later: %s", out)
		}
		fsck(t, dir)
	})
	for v, absent := range map[wire.Version]string{wire.V0: "allow-reachable-sha1-in-want", wire.V2: "filter"} {
		var b strings.Builder
		if err := f.server.Advertise(t.Context(), f.repo, f.session(v), &b); err != nil || strings.Contains(b.String(), absent) {
			t.Errorf("protocol %d: %q, %v", v, b.String(), err)
		}
	}
}
