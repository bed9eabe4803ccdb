package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/revision"
	"jeton/vcs/rules"
	"jeton/vcs/storage/disk"
	"jeton/vcs/wire"
)

// request frames arguments as git does.
func framed(args ...string) string {
	var b bytes.Buffer
	w := wire.NewWriter(&b)
	for _, a := range args {
		_ = w.Line("argument " + a)
	}
	_ = w.Flush()
	_ = w.Send()
	return b.String()
}

// serve asks a server in this process, and returns what came on each band.
func serve(t *testing.T, s *Server, dir, input string, r rules.Rules) (bands [4]string, err error) {
	t.Helper()
	repo, e := disk.Open(t.Context(), dir, "1", disk.Options{})
	if e != nil {
		t.Fatal(e)
	}
	defer repo.Close()
	var out bytes.Buffer
	err = s.Serve(t.Context(), repo, r, strings.NewReader(input), &out)
	answer := wire.NewReader(&out)
	if p, e := answer.Next(); e == io.EOF {
		return bands, err
	} else if e != nil || p.Line() != "ACK" {
		t.Fatalf("begins with %q, %v", p.Data, e)
	}
	for n := 0; ; {
		p, e := answer.Next()
		if e == io.EOF {
			break
		}
		if e != nil {
			t.Fatal(e)
		}
		if p.Kind == wire.Flush {
			if n++; n > 2 {
				t.Fatal("more than two flush packets")
			}
			continue
		}
		if len(p.Data) > 0 && p.Data[0] < 4 {
			bands[p.Data[0]] += string(p.Data[1:])
		}
	}
	return bands, err
}

func TestRequestsThatNoGitSends(t *testing.T) {
	dir := odd(t)
	many := make([]string, 64)
	for i := range many {
		many[i] = "-v"
	}
	for _, c := range []struct{ name, input, words string }{
		{"nothing asked", "0000", "must specify a revision"},
		{"no token", "000aoption0000", "'argument' token or flush expected"},
		{"special packet", "0001", "'argument' token or flush expected"},
		{"too many", framed(many...), "Too many options (>63)"},
		{"too much", framed(strings.Repeat("x", 60000), strings.Repeat("y", 6000)), "longer than 65536 bytes together"},
		{"NUL", framed("main\x00x"), "NUL"},
		{"cut off", framed("main")[:18], "the request ends before its flush packet"},
		{"cut within", framed("main")[:10], "malformed pkt-line"},
		{"no length", "what is this", "malformed pkt-line"},
		{"unknown option", framed("--frobnicate", "main"), "unknown option `frobnicate'"},
		{"ambiguous", framed("--add=x", "main"), "ambiguous option: add"},
		{"no value", framed("main", "--prefix"), "option `prefix' requires a value"},
		{"value too much", framed("--list=x"), "option `list' takes no value"},
		{"unknown switch", framed("-q", "main"), "unknown switch `q'"},
		{"a file of the server's", framed("--add-file=/etc/passwd", "main"), "Unexpected option --add-file"},
		{"output", framed("--output=/tmp/x", "main"), "Unexpected option --output"},
		{"output, short", framed("-o", "/tmp/x", "main"), "Unexpected option --output"},
		{"remote", framed("--remote=x", "main"), "Unexpected option --remote"},
		{"exec", framed("--exec=id", "main"), "Unexpected option --exec"},
		{"empty revision", framed(""), "no such ref: "},
		{"empty ref with a path", framed(":dir"), "no such ref: "},
		{"long prefix", framed("--prefix="+strings.Repeat("x", 5000), "main"), "longer than 4096"},
		{"long path", framed("--prefix="+strings.Repeat("x", 4090), "main", "dir/b.h"), "longer than 4096"},
		{"empty pathspec", framed("main", ""), "not valid pathspecs"},
		{"absolute pathspec", framed("main", "/etc"), "not valid pathspecs"},
		{"41 digits", framed(git(t, dir, "rev-parse", "main") + "0"), "no such ref"},
	} {
		bands, err := serve(t, New(Options{}), dir, c.input, rules.Rules{})
		if err == nil || !strings.HasPrefix(bands[3], "fatal: ") || !strings.Contains(bands[3], c.words) || bands[1] != "" && !strings.HasPrefix(c.name, "long") {
			t.Errorf("%s: got %v, %q, %d bytes; want the words %q", c.name, err, bands[3], len(bands[1]), c.words)
		}
		if !errors.Is(err, ErrBadRequest) && !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v is not the client's fault", c.name, err)
		}
	}
}

func TestIdsAreAnsweredByReachability(t *testing.T) {
	dir := odd(t)
	tip, first := git(t, dir, "rev-parse", "main"), git(t, dir, "rev-parse", "v1^{commit}")
	blob, tree := git(t, dir, "rev-parse", "main:README"), git(t, dir, "rev-parse", "main:dir/sub")
	hidden := git(t, dir, "rev-parse", "refs/hidden/x")
	for _, c := range []struct {
		name, rev string
		rules     rules.Rules
		ok        bool
	}{
		{"tip", tip, rules.Rules{}, true},
		{"below a tip", first, rules.Rules{}, true},
		{"a tree", tree, rules.Rules{}, true},
		{"a blob", blob, rules.Rules{}, false},
		{"downloads off", tip, rules.Rules{NoArchives: true}, false},
		{"what is not hidden", hidden, rules.Rules{}, true},
		{"what is hidden", hidden, rules.Rules{Hidden: []string{"refs/hidden"}}, false},
		{"tip, advertised only", tip, rules.Rules{AdvertisedOnly: true}, true},
		{"below the tag", first, rules.Rules{AdvertisedOnly: true, Hidden: []string{"refs/tags"}}, false},
		{"what a tag points to", first, rules.Rules{AdvertisedOnly: true}, true},
		{"a tree, advertised only", tree, rules.Rules{AdvertisedOnly: true}, false},
		{"HEAD to what is hidden", "HEAD", rules.Rules{Hidden: []string{"refs/heads"}}, false},
	} {
		bands, err := serve(t, New(Options{}), dir, framed(c.rev), c.rules)
		if (err == nil) != c.ok || (bands[1] != "") != c.ok {
			t.Errorf("%s: got %v, %q, %d bytes", c.name, err, bands[3], len(bands[1]))
		}
	}
}

// tree writes a tree object into a bare repository past all checks, and returns its id.
func tree(t *testing.T, dir string, entries ...string) string {
	t.Helper()
	var raw []byte
	for _, e := range entries {
		mode, rest, _ := strings.Cut(e, " ")
		id, name, _ := strings.Cut(rest, " ")
		at, ok := oid.Parse(id)
		if !ok {
			t.Fatalf("%q is no id", id)
		}
		raw = append(append(append(raw, mode+" "+name...), 0), at[:]...)
	}
	cmd := exec.Command("git", "hash-object", "-t", "tree", "--literally", "-w", "--stdin")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(raw)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func bare(t *testing.T) (dir, blob string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "b.git")
	git(t, "", "init", "-q", "--bare", dir)
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, git(t, dir, "hash-object", "-w", file)
}

func TestHostileTreesAreRefused(t *testing.T) {
	dir, blob := bare(t)
	empty := tree(t, dir)
	ref := func(name, id string) string {
		git(t, dir, "update-ref", "refs/tags/"+name, id)
		return name
	}
	bomb := tree(t, dir, "100644 "+blob+" f")
	hollow := empty
	for range 12 {
		var entries, hollows []string
		for i := range 10 {
			entries = append(entries, fmt.Sprintf("40000 %s %d", bomb, i))
			hollows = append(hollows, fmt.Sprintf("40000 %s %d", hollow, i))
		}
		bomb, hollow = tree(t, dir, entries...), tree(t, dir, hollows...)
	}
	deep := tree(t, dir, "100644 "+blob+" f")
	for range 30 {
		deep = tree(t, dir, "40000 "+deep+" "+strings.Repeat("d", 200))
	}
	small := New(Options{Limits: Limits{Entries: 5000, Bytes: 1000}})
	for _, c := range []struct{ rev, words string }{
		{ref("up", tree(t, dir, "100644 "+blob+" ..")), "unpacked elsewhere"},
		{ref("dot", tree(t, dir, "40000 "+empty+" .")), "unpacked elsewhere"},
		{ref("slash", tree(t, dir, "100644 "+blob+" ../../x")), "unpacked elsewhere"},
		{ref("bomb", bomb), "more than"},
		{ref("hollow", hollow), "more than 5000 entries"},
		{ref("deep", deep), "longer than 4096 bytes"},
		{ref("wrong", tree(t, dir, "40000 "+blob+" x")), "the server has failed"},
		{ref("file", tree(t, dir, "100644 "+empty+" x")), "the server has failed"},
		{ref("missing", tree(t, dir, "100644 "+strings.Repeat("2", 40)+" x")), "the server has failed"},
	} {
		bands, err := serve(t, small, dir, framed(c.rev), rules.Rules{})
		if err == nil || !strings.Contains(bands[3], c.words) {
			t.Errorf("%s: got %v, %q; want the words %q", c.rev, err, bands[3], c.words)
		}
	}
	for _, rev := range []string{ref("old-modes", tree(t, dir, "100664 "+blob+" a", "100600 "+blob+" b", "100700 "+blob+" c")), ref("empty", empty)} {
		if bands, err := serve(t, small, dir, framed(rev), rules.Rules{}); err != nil {
			t.Errorf("%s: %v, %s", rev, err, bands[3])
		}
	}
}

func TestPatternsWithManyStarsEnd(t *testing.T) {
	stars := "*" + strings.Repeat("a", 2000) + "b"
	path := strings.Repeat("a", 4000)
	s, err := newPathspecs([]string{stars})
	if err != nil {
		t.Fatal(err)
	}
	s.work = maxWork / 10 * 9 // as after much of a large tree: the rest takes as long as any other tenth
	for range 1000 {
		if _, err := s.match(path, false); errors.Is(err, ErrBadRequest) {
			return
		}
	}
	t.Errorf("%d steps were taken, and nobody has said enough", s.work)
}

// endless is an archive's reader that counts and keeps nothing.
type endless struct{ n int64 }

func (e *endless) Write(p []byte) (int, error) {
	e.n += int64(len(p))
	return len(p), nil
}

func TestLargeFilesAreStreamed(t *testing.T) {
	dir, _ := bare(t)
	cmd := exec.Command("git", "hash-object", "-w", "--stdin")
	cmd.Dir, cmd.Stdin = dir, io.LimitReader(zeros{}, 64<<20)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	blob := strings.TrimSpace(string(out))
	id, _ := oid.Parse(tree(t, dir, "100644 "+blob+" large"))
	v := view(t, dir)
	for _, f := range Formats() {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var to endless
		if err := Write(t.Context(), v.Objects, &to, Archive{Tree: id, Format: f, Level: Default, When: time.Unix(0, 0)}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
			t.Errorf("%s: %d MiB were allocated for a file of 64 MiB", f, took>>20)
		}
		if f == Tar && to.n < 64<<20 {
			t.Errorf("only %d bytes were written", to.n)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestWriteStopsWhenNobodyWaits(t *testing.T) {
	v := view(t, odd(t))
	c, _ := v.Refs.Lookup("refs/heads/main")
	found, err := (&resolver{t.Context(), revision.New(v, &rules.Rules{}, revision.Options{})}).resolve(c.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Write(ctx, v.Objects, io.Discard, Archive{Tree: found.tree, Format: Tar}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestLinksThatNoFileSystemHasBecomeFiles(t *testing.T) {
	var b bytes.Buffer
	to, err := newTar(&b, nil, Archive{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(to.link("x", "a\x00b"), to.Close()); err != nil {
		t.Fatal(err)
	}
	h, err := tar.NewReader(&b).Next()
	if err != nil || h.Typeflag != tar.TypeReg || h.Size != 3 {
		t.Errorf("got %+v, %v", h, err)
	}
}

func FuzzArguments(f *testing.F) {
	for _, seed := range []string{framed("main"), framed("--format=zip", "--prefix=x/", "-9", "v1", "dir", "*.c"), framed("--list"), "0000", "0001", framed("--mtime=@5", "x:y", "--", "-z")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		args, err := readArguments(wire.NewReader(strings.NewReader(input)))
		if err != nil {
			if !errors.Is(err, ErrBadRequest) && !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%q: %v is nobody's fault", input, err)
			}
			return
		}
		q, err := parse(args)
		if err != nil {
			if !errors.Is(err, ErrBadRequest) || strings.ContainsAny(err.Error(), "\x1b\n\r\x00") {
				t.Errorf("%q: %q", input, err)
			}
			return
		}
		if !q.list && (!q.format.known() || q.level < Default || q.level > 9 || len(q.prefix) >= maxPath) {
			t.Errorf("%q became %+v", input, q)
		}
		if _, err := newPathspecs(q.paths); err != nil && !errors.Is(err, ErrBadRequest) {
			t.Errorf("%q: %v", q.paths, err)
		}
	})
}

func FuzzWildmatch(f *testing.F) {
	for _, seed := range [][2]string{{"*.c", "dir/a.c"}, {"[!a-c]?\\*", "dx*"}, {"[]]", "]"}, {"[", "["}, {"**/x", "a/b/x"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		_, steps := wildmatch(pattern, path)
		if most := (len(pattern) + 2) * (len(pattern) + 2) * (len(path) + 2); steps > most {
			t.Errorf("%q against %q takes %d steps", pattern, path, steps)
		}
		if !strings.ContainsAny(pattern, `*?[\`) {
			if ok, _ := wildmatch(pattern, path); ok != (pattern == path) {
				t.Errorf("%q against %q is %v", pattern, path, ok)
			}
		}
	})
}
