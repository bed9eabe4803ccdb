package secrets

import (
	"context"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

var (
	innocents = flag.Int("secrets.innocent", 600, "how many innocent files are looked through")
	tree      = flag.String("secrets.tree", "", "a folder whose files are looked through as well, such as Go's sources")
	seed      = flag.Uint64("secrets.seed", 1, "what secrets and files are made from")
)

// tokens is a store of live tokens, by text.
type tokens map[string]string

func (t tokens) Live(_ context.Context, text string) (string, bool) { id, ok := t[text]; return id, ok }
func (t tokens) Revoke(context.Context, []string) error             { return nil }

// live is a text of the shape of a token of this server.
func (m maker) live() string { return "jet" + "_vcs_" + m.of(alnum, 38) }

func begin(t testing.TB, o Options, kinds Kinds) *Scan {
	t.Helper()
	o.Key = []byte("key")
	n, err := New(o).Begin(t.Context(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// at are the findings of an object that count on a path.
func at(n *Scan, id oid.ID, path string) (list []Finding) {
	for _, f := range n.Found()[id] {
		if f.Counts(path) {
			list = append(list, f)
		}
	}
	return list
}

// TestFigures plants 200 secrets of 40 kinds in code, settings, notebooks, messages and paths, and looks through innocent files.
// docs/push-protection.md has the figures of -secrets.innocent 10000.
func TestFigures(t *testing.T) {
	m := newMaker(*seed)
	n := begin(t, Options{Time: time.Hour}, Others)
	var missed []string
	planted, found := 0, 0
	for _, f := range forms() {
		ways := plants()
		for range 5 {
			way, kind, path := m.IntN(len(ways)+2), plumbing.BlobObject, "src/settings.txt"
			secret := f.make(m)
			var where, text string
			switch multi := strings.Contains(secret, "\n"); {
			case way == len(ways):
				where, kind, path = "message", plumbing.CommitObject, ""
				text = "tree " + oid.Zero.String() + "\n\nUse the new key\n\n" + f.name + ": " + secret + "\n"
			case way == len(ways)+1 && !multi && !strings.Contains(secret, "/"):
				where, kind, path = "path", plumbing.TreeObject, "x/"+f.name+"="+secret
				text = "100644 " + f.name + "=" + secret + "\x00" + string(m.bytes(oid.Size))
			default:
				way %= len(ways)
				where, text = ways[way].where, ways[way].put(m, f, secret)
			}
			id := oid.ID{byte(planted), byte(planted >> 8), 1}
			n.Object(kind, id, []byte(text))
			planted++
			if len(at(n, id, path)) > 0 {
				found++
			} else {
				missed = append(missed, f.kind+" in "+where)
			}
		}
	}
	alarms := map[string]int{}
	files, bytes, wrong := 0, 0, 0
	begun := time.Now()
	for i := range *innocents {
		path, text := m.innocent(i)
		id := oid.ID{byte(i), byte(i >> 8), byte(i >> 16), 2}
		n.Object(plumbing.BlobObject, id, []byte(text))
		files, bytes = files+1, bytes+len(text)
		list := at(n, id, path)
		for _, f := range list {
			alarms[f.Rule]++
		}
		if len(list) > 0 {
			wrong++
		}
	}
	slices.Sort(missed)
	t.Logf("%d planted, %d found, missed: %s", planted, found, strings.Join(missed, "; "))
	t.Logf("%d innocent files of %d bytes, %d with a false alarm: %v; %v", files, bytes, wrong, alarms, time.Since(begun))
	if found < planted*95/100 {
		t.Errorf("%d of %d secrets were found, want 95 of 100", found, planted)
	}
	if wrong > max(1, files/1000) {
		t.Errorf("%d of %d innocent files raise an alarm, want at most one of a thousand", wrong, files)
	}
}

// TestFilesOfAFolder looks through real files, for docs/push-protection.md.
func TestFilesOfAFolder(t *testing.T) {
	if *tree == "" {
		t.Skip("no -secrets.tree")
	}
	n := begin(t, Options{Time: time.Hour}, Others)
	alarms, files, size, wrong := map[string]int{}, 0, 0, 0
	root := os.DirFS(*tree)
	begun := time.Now()
	walk(t, root, func(path string, content []byte) {
		id := oid.ID{byte(files), byte(files >> 8), byte(files >> 16)}
		n.Object(plumbing.BlobObject, id, content)
		files, size = files+1, size+len(content)
		if list := at(n, id, path); len(list) > 0 {
			wrong++
			for _, f := range list {
				alarms[f.Rule]++
			}
			t.Logf("%s:%d %s", path, list[0].Line, list[0].Rule)
		}
	})
	t.Logf("%d files, %d bytes, %d with findings: %v; %v", files, size, wrong, alarms, time.Since(begun))
}
