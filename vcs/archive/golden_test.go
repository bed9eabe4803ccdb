package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
)

// golden are the SHA-256 of archives of format number 1. They are promised to whoever has written one down (Nix, Homebrew):
// what changes them is a new format number, beside which the old one is kept, and never a new line here.
var golden = map[string]string{
	"tar":     "c500c99339bf5c46fb021aa0add1691d9941ec853a4bb03da96ae6b09f6932fc",
	"tar.gz":  "16bb7e7b5d6156364103d0a835a0f31433a0e4a9a10db9a7e37e79c0972b78c4",
	"zip":     "9c14580d3fb9d641ceeb0a17674b9a43d78465de9f246aca22f0a69da191901b",
	"tar.zst": "aaee638a6fb748e5033ac9db7b4daec6d83b68aecd98838ba69b68c7c13dcef0",
}

// prose is text as programs and people write it, always the same: words by chance, some more often than others.
func prose(size int) string {
	r := rand.New(rand.NewPCG(7, 11))
	var b strings.Builder
	for b.Len() < size {
		word := make([]byte, 1+r.IntN(9))
		n := r.IntN(1 + r.IntN(2000))
		for i := range word {
			word[i] = byte('a' + (n*(i+3)+n>>2)%26)
		}
		b.Write(word)
		b.WriteString([]string{" ", " ", " ", "\n", "\t", "(", ") {\n", "; ", ".\n\n"}[r.IntN(9)])
	}
	return b.String()[:size]
}

// noise cannot be compressed.
func noise(size int) string {
	r := rand.NewChaCha8([32]byte{1})
	b := make([]byte, size)
	_, _ = r.Read(b)
	return string(b)
}

// fixed is a repository with one commit that is the same on every machine.
func fixed(t testing.TB) (dir string, commit oid.ID) {
	t.Helper()
	dir = t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	for name, content := range map[string]string{
		"prose": prose(3 << 20), "noise": noise(300 << 10), "zero": strings.Repeat("\x00", 2<<20), "empty": "", "short": "x", "dir/with space/üñï": "1", "日本語/ファイル": "2",
		"line\nbreak": "3", "deep/" + strings.Repeat("long-name-/", 30) + "x": "4", "version": "$Format:%H %h %an %aI %s$\n", "gone/x": "5", "Case": "6", "case": "7", "code.go": prose(50_000),
		".gitattributes": "version export-subst\ngone export-ignore\n", "run": "#!/bin/sh\n",
	} {
		write(t, dir, name, content)
	}
	for i := range 300 {
		write(t, dir, fmt.Sprintf("many/%d", i), prose(i*7))
	}
	for name, target := range map[string]string{"link": "short", "out": "../../../etc/passwd", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "-c", "core.autocrlf=false", "add", "-A")
	git(t, dir, "update-index", "--add", "--chmod=+x", "run")
	git(t, dir, "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",module")
	tree := git(t, dir, "write-tree")
	out, said, err := try(t, dir, []string{"GIT_AUTHOR_DATE=1600000000 +0200"}, "commit-tree", "-m", "All that is hard", tree)
	if err != nil {
		t.Fatal(said)
	}
	git(t, dir, "update-ref", "refs/heads/main", strings.TrimSpace(out))
	commit, _ = oid.Parse(strings.TrimSpace(out))
	if want := "962cf16854e191f8d688d1ed9663d104f11e0b22"; commit.String() != want {
		t.Fatalf("the commit is %s, want %s: this is another repository, and says nothing about archives", commit, want)
	}
	return filepath.Join(dir, ".git"), commit
}

func TestArchivesAreTheSameForEver(t *testing.T) {
	dir, commit := fixed(t)
	v := view(t, dir)
	tree, _ := oid.Parse(git(t, dir, "rev-parse", "main^{tree}"))
	for format, want := range golden {
		for _, number := range []int{0, 1} {
			sum := sha256.New()
			err := Write(t.Context(), v.Objects, sum, Archive{Tree: tree, Commit: commit, When: time.Unix(1700000001, 0), Prefix: "app-1.0/", Format: Format(format), Level: Default, Number: number})
			if got := hex.EncodeToString(sum.Sum(nil)); err != nil || got != want {
				t.Errorf("%s, number %d: %v, %s, want %s\nA checksum that somebody has written down would be wrong. Keep what made the old bytes, and make a new format number (Number).", format, number, err, got, want)
			}
		}
	}
	err := Write(t.Context(), v.Objects, &bytes.Buffer{}, Archive{Tree: tree, Format: Tar, Level: Default, Number: 99})
	if !errors.Is(err, ErrBadRequest) || !strings.Contains(err.Error(), "99") {
		t.Errorf("a number that there is not: %v", err)
	}
}

// TestFilesOfAZipDoNotKnowOfEachOther: one compressor makes them all, one after the other, and must not remember.
func TestFilesOfAZipDoNotKnowOfEachOther(t *testing.T) {
	texts := []string{prose(200_000), "", "x", noise(100_000), prose(200_000), strings.Repeat("ab", 50_000), prose(70_000)}
	shared, err := newDeflater(Default)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		for i, text := range texts {
			own, _ := newDeflater(Default)
			var sums [2][sha256.Size]byte
			for j, d := range []*deflater{shared, own} {
				var b bytes.Buffer
				w, _ := d.next(&b)
				_, _ = w.Write([]byte(text))
				_ = w.Close()
				sums[j] = sha256.Sum256(b.Bytes())
			}
			if sums[0] != sums[1] {
				t.Errorf("text %d, round %d: what came before changes the bytes", i, round)
			}
		}
	}
}
