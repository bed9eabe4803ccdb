package archive

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
)

func TestWhatIsHiddenIsRefusedAsWhatIsNotThere(t *testing.T) {
	dir := odd(t)
	hidden, absent, tip := git(t, dir, "rev-parse", "refs/hidden/x^{tree}"), strings.Repeat("ab", 20), git(t, dir, "rev-parse", "main")
	for _, walk := range []int{1, 2, 5, 1000} {
		for _, only := range []bool{false, true} {
			r := rules.Rules{Hidden: []string{"refs/hidden"}, AdvertisedOnly: only}
			said := func(id string) string {
				bands, err := serve(t, New(Options{Walk: walk}), dir, framed(id), r)
				if !errors.Is(err, ErrBadRequest) || bands[1] != "" {
					t.Errorf("walk %d: %v, %d bytes", walk, err, len(bands[1]))
				}
				return strings.ReplaceAll(bands[3], id, "ID")
			}
			x, y := said(hidden), said(absent)
			if x != y || !strings.HasPrefix(x, "fatal: no such ref: ID") || strings.Contains(x, "within") != (walk < 1000 && !only) {
				t.Errorf("walk %d, advertised only %v:\n hidden %q\n absent %q", walk, only, x, y)
			}
			if _, err := serve(t, New(Options{Walk: walk}), dir, framed(tip), r); err != nil {
				t.Errorf("walk %d: a tip is found without one: %v", walk, err)
			}
		}
	}
}

func TestTheZeroIdIsNoRevision(t *testing.T) {
	bands, err := serve(t, New(Options{}), odd(t), framed(oid.Zero.String()), rules.Rules{})
	if !errors.Is(err, ErrBadRequest) || !strings.Contains(bands[3], "no such ref: "+oid.Zero.String()) {
		t.Errorf("got %v, %q", err, bands[3])
	}
}

func TestNoChainOfSymbolicRefsShowsAHiddenOne(t *testing.T) {
	dir := odd(t)
	git(t, dir, "symbolic-ref", "refs/heads/b", "refs/hidden/x")
	git(t, dir, "symbolic-ref", "refs/heads/a", "refs/heads/b")
	for patterns, ok := range map[string]bool{"refs/hidden": false, "refs/other": true} {
		bands, err := serve(t, New(Options{}), dir, framed("a", "secret"), rules.Rules{Hidden: []string{patterns}})
		if (err == nil) != ok || strings.Contains(bands[1], "secret") != ok {
			t.Errorf("%s hidden: %v, %q", patterns, err, bands[3])
		}
	}
}

func TestWhatIsOnlyLookedAtIsBoundedToo(t *testing.T) {
	dir, blob := bare(t)
	id := tree(t, dir, "100644 "+blob+" f", "100644 "+blob+" g", "100644 "+blob+" h")
	for range 8 {
		id = tree(t, dir, "40000 "+id+" a", "40000 "+id+" b")
	}
	git(t, dir, "update-ref", "refs/tags/t", id)
	small := New(Options{Limits: Limits{Visit: 500}}) // of 256 folders with three files each
	for _, c := range []struct{ path, words string }{
		{"*.none", "more than 500 entries were looked at"},
		{"*/", "pathspec '*/' did not match any files"}, // as git says, without a look into any folder
		{"a/a/a/a/a/a/a/a/f", ""},
	} {
		bands, err := serve(t, small, dir, framed("t", c.path), rules.Rules{})
		if (err == nil) != (c.words == "") || !strings.Contains(bands[3], c.words) {
			t.Errorf("%s: got %v, %q, want %q", c.path, err, bands[3], c.words)
		}
	}
}

func TestAnArchiveEndsWithItsTime(t *testing.T) {
	bands, err := serve(t, New(Options{Timeout: time.Nanosecond}), odd(t), framed("main"), rules.Rules{})
	if !errors.Is(err, ErrBadRequest) || bands[3] != "fatal: the archive took longer than 1ns; name a folder, or clone\n" {
		t.Errorf("got %v, %q", err, bands[3])
	}
}

func TestTheDirectoryOfAZipFileIsBounded(t *testing.T) {
	dir, blob := bare(t)
	var entries []string
	for i := range 400 {
		entries = append(entries, "100644 "+blob+" f"+string(rune('a'+i/20))+string(rune('a'+i%20)))
	}
	id := tree(t, dir, entries...)
	v := view(t, dir)
	at, _ := oid.Parse(id)
	a := Archive{Tree: at, Level: Default, Prefix: strings.Repeat("p", 4000) + "/", Limits: Limits{Directory: 1 << 20}}
	for format, ok := range map[Format]bool{Tar: true, TarGz: true, Zip: false} {
		a.Format = format
		if err := Write(t.Context(), v.Objects, io.Discard, a); (err == nil) != ok || !ok && !errors.Is(err, ErrBadRequest) {
			t.Errorf("%s: %v", format, err)
		}
	}
	a.Prefix = ""
	if err := Write(t.Context(), v.Objects, io.Discard, a); err != nil {
		t.Errorf("short names are refused: %v", err)
	}
}

func TestTheDirectoryIsNotLargerThanItIsTakenFor(t *testing.T) {
	z, err := newZip(io.Discard, Archive{Level: Default, Limits: Limits{}.withDefaults()})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 10_000 {
		if err := z.folder(strings.Repeat("x", 20) + "/"); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := int64(after.HeapAlloc) - int64(before.HeapAlloc); got > z.held {
		t.Errorf("%d bytes are held, taken for %d", got, z.held)
	}
	if err := z.Close(); err != nil {
		t.Error(err)
	}
}
