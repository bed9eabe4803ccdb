package browse

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/oid"
)

// blob is a file of a generated history.
type blob struct {
	mode string
	data string // of a submodule, the id of its commit
}

// generator makes a history of everything that a diff finds hard, the same for the same seed.
type generator struct {
	*rand.Rand
	files  map[string]blob
	before map[string]blob
	in     bytes.Buffer // for git fast-import
	serial int
}

// oddNames are names that must be quoted, or that programs trip over.
var oddNames = []string{"tab\there", "quote\"d", "new\nline", "üñï çödé", "日本語", "bytes-\xff\xfe", "back\\slash", "-dash", "with space", " lead", "trail ", "a b/c d", "esc\x1b", "del\x7f", "#hash", "b/b", "dev/null"}

// generate makes a bare repository in dir, of so many commits in a row, packed, and lists them oldest first.
func generate(t testing.TB, dir string, seed uint64, commits int) (string, []oid.ID) {
	t.Helper()
	git(t, "", "init", "-q", "--bare", "-b", "main", dir)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), files: map[string]blob{}}
	for i := range commits {
		g.commit(i)
	}
	if _, said, err := try(t, dir, g.in.String(), nil, "fast-import", "--quiet"); err != nil {
		t.Fatalf("git fast-import: %s", said)
	}
	return dir, ids(t, git(t, dir, "rev-list", "--reverse", "main"))
}

func (g *generator) commit(i int) {
	g.before = maps.Clone(g.files)
	for n := 1 + g.IntN(4); n > 0 || maps.Equal(g.before, g.files); n-- {
		g.change()
	}
	name, message := g.pick("Ada", "Jürgen Größe", `O'Neil "Q." (x)`, "A. B, C", "名前 長い 名前 長い 名前 長い"), g.message()
	when := fmt.Sprintf("%d %s", 1_500_000_000+i*60, g.pick("+0000", "+0530", "-0930", "-0030", "+1400"))
	fmt.Fprintf(&g.in, "commit refs/heads/main\nauthor %s <a%d@example.com> %s\ncommitter C <c@example.com> %s\n", name, i, when, when)
	fmt.Fprintf(&g.in, "data %d\n%s\ndeleteall\n", len(message), message)
	for _, path := range slices.Sorted(maps.Keys(g.files)) {
		f := g.files[path]
		if f.mode == "160000" {
			fmt.Fprintf(&g.in, "M %s %s %s\n", f.mode, f.data, cQuote(path))
			continue
		}
		fmt.Fprintf(&g.in, "M %s inline %s\ndata %d\n%s\n", f.mode, cQuote(path), len(f.data), f.data)
	}
}

func cQuote(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}

// message is one that goes through git am unchanged.
func (g *generator) message() string {
	g.serial++
	subject := fmt.Sprintf("%s %d", g.pick("Change", "Ändere", "Fix =?x?= and", "Say «"+strings.Repeat("sehr lange ä ", 12)+"»", strings.Repeat("long words ", 14)+"end", "[tag] do", "x"+strings.Repeat("y", 100)), g.serial)
	return subject + g.pick("\n", "\n\nBody.\n", "\n\nTwo\nlines, ü.\n\n  indented\n\tand tab\n", "\n\n> From quoted\n\nSigned-off-by: A <a@example.com>\n")
}

func (g *generator) pick(all ...string) string { return all[g.IntN(len(all))] }

// free is a new path that clashes with none.
func (g *generator) free() string {
	g.serial++
	name := fmt.Sprintf("f%d.txt", g.serial)
	if g.IntN(3) == 0 {
		name = fmt.Sprintf("%s%d", oddNames[g.IntN(len(oddNames))], g.serial)
	}
	return g.pick("", "", "dir/", "dir/sub/", "other/") + name
}

// some is one of the paths of a kind; "" where there is none.
func (g *generator) some(is func(blob) bool) string {
	var all []string
	for _, path := range slices.Sorted(maps.Keys(g.files)) {
		if is(g.files[path]) {
			all = append(all, path)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return all[g.IntN(len(all))]
}

func isFile(f blob) bool { return strings.HasPrefix(f.mode, "100") }
func anything(blob) bool { return true }

// change makes one change of a kind.
func (g *generator) change() {
	if len(g.files) > 60 {
		delete(g.files, g.some(anything))
	}
	path := g.some(isFile)
	if path == "" || g.IntN(4) == 0 {
		g.files[g.free()] = g.fresh()
		return
	}
	f := g.files[path]
	switch g.IntN(9) {
	case 0: // renamed
		delete(g.files, path)
		g.files[g.free()] = f
	case 1: // renamed and changed
		delete(g.files, path)
		f.data = g.edit(f.data)
		g.files[g.free()] = f
	case 2: // copied, the origin changed
		g.files[g.free()] = blob{f.mode, g.edit(f.data)}
		g.files[path] = blob{f.mode, g.edit(f.data)}
	case 3:
		f.mode = map[string]string{"100644": "100755", "100755": "100644"}[f.mode]
		g.files[path] = f
	case 4:
		delete(g.files, path)
	case 5:
		g.turn(path)
	default:
		f.data = g.edit(f.data)
		g.files[path] = f
	}
}

// turn makes something else out of a file, or a file out of that.
func (g *generator) turn(path string) {
	if special := g.some(func(f blob) bool { return !isFile(f) }); special != "" && g.IntN(2) == 0 {
		path = special
	}
	f := g.files[path]
	delete(g.files, path)
	switch {
	case f.mode == "160000" && g.IntN(2) == 0, isFile(f) && g.IntN(3) == 0:
		g.files[path] = blob{"160000", fmt.Sprintf("%040x", g.Uint64())}
	case f.mode == "120000" && g.IntN(2) == 0, isFile(f) && g.IntN(2) == 0:
		g.files[path] = blob{"120000", g.pick("target", "../ü", "a\nb", "dir/x") + fmt.Sprint(g.serial)}
	case isFile(f):
		g.files[path+"/now a folder"] = f
	default:
		g.files[path] = g.fresh()
	}
}

// fresh is a new file.
func (g *generator) fresh() blob {
	mode := g.pick("100644", "100644", "100644", "100755")
	switch g.IntN(10) {
	case 0:
		return blob{mode, ""}
	case 1:
		return blob{mode, g.binary(g.IntN(5000))}
	case 2:
		return blob{mode, strings.ReplaceAll(g.text(1+g.IntN(40)), "\n", "\r\n")}
	case 3:
		return blob{mode, strings.TrimSuffix(g.text(1+g.IntN(40)), "\n")}
	case 4:
		if g.IntN(8) == 0 {
			return blob{mode, g.text(6000)}
		}
		return blob{mode, "\n\n\n" + g.text(3) + "\x00" + g.text(2)}
	}
	return blob{mode, g.text(1 + g.IntN(200))}
}

func (g *generator) binary(n int) string {
	b := make([]byte, n+1)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	b[n/2] = 0
	return string(b)
}

// text is so many lines that look like a program, many of them alike.
func (g *generator) text(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(strings.Repeat(g.pick("\t", "    "), g.IntN(3)))
		switch g.IntN(6) {
		case 0:
			b.WriteString("}\n")
		case 1:
			b.WriteString("\n")
		case 2:
			fmt.Fprintf(&b, "func name%d() {\n", g.IntN(1000))
		case 3:
			fmt.Fprintf(&b, "return x%d\n", g.IntN(5))
		default:
			fmt.Fprintf(&b, "call(%d, \"ü %d\")\n", g.IntN(1000), g.IntN(10))
		}
	}
	return b.String()
}

// edit changes a file in a few places.
func (g *generator) edit(data string) string {
	if strings.IndexByte(data, 0) >= 0 {
		at := g.IntN(len(data))
		return data[:at] + g.binary(g.IntN(50)) + data[min(len(data), at+g.IntN(20)):]
	}
	all := strings.SplitAfter(data, "\n")
	for range 1 + g.IntN(4) {
		at := g.IntN(len(all))
		switch g.IntN(5) {
		case 0:
			all = slices.Delete(all, at, min(len(all), at+1+g.IntN(5)))
		case 1:
			all = slices.Insert(all, at, g.text(1+g.IntN(8)))
		case 2: // the same lines again
			all = slices.Insert(all, at, slices.Clone(all[at:min(len(all), at+4)])...)
		case 3:
			all[at] = strings.Replace(all[at], "\n", " \n", 1)
		default:
			all[at] = g.text(1)
		}
		if len(all) == 0 {
			all = []string{g.text(2)}
		}
	}
	data = strings.Join(all, "")
	if g.IntN(8) == 0 {
		data = strings.TrimSuffix(data, "\n")
	}
	return data
}
