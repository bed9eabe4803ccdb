package integration

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHostilePacksAreRefusedAndNothingStays(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/sample"))
	before := refs(t, s.dir(t, "admin/sample"))
	base := head(t, source)
	id := commit(t, source, "next.txt", "next\n")
	good := packOf(t, source, id, "^"+base)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1

	rows := []struct {
		name string
		pack []byte
	}{
		{"wrong trailer", flipped},
		{"no pack at all", nil},
		{"not a pack", []byte("this is not a pack, whatever it says")},
		{"a pack of version 9", rewrap([]byte("PACK\x00\x00\x00\x09\x00\x00\x00\x00"))},
		{"four billion objects", rewrap([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"))},
		{"an empty pack", rewrap([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x00"))},
		{"a blob of 1 GB of zeros that says it has 5 bytes", rewrap(append(append(header(1), entryHeader(3, 5)...), zeroStream(1024)...))},
		{"a blob that says it has 1 TB", rewrap(entry(3, 1<<40, zeros(10)))},
		{"a tree that is garbage", rewrap(entry(2, 10, []byte("0123456789")))},
		{"a delta without a base", rewrap(append(header(1), append(entryHeader(7, 4), append(make([]byte, 20), deflated([]byte("\x05\x05\x90\x05"))...)...)...))},
		{"a delta that makes 4 GB of 1 byte", rewrap(bomb())},
	}
	for n := 1; n < len(good); n += 7 {
		rows = append(rows, struct {
			name string
			pack []byte
		}{"cut short", good[:n]})
	}
	for _, r := range rows {
		body := append([]byte(command(base, id, "refs/heads/main")), r.pack...)
		status, text := s.post(t, "admin/sample", "git-receive-pack", body)
		if strings.Contains(text, "ok refs/heads/main") || strings.Contains(text, "unpack ok") && !strings.Contains(text, "ng ") || text == "" {
			t.Errorf("%s: answered %d %q", r.name, status, text)
		}
	}
	if after := refs(t, s.dir(t, "admin/sample")); after != before {
		t.Errorf("refs have moved:\n%s--\n%s", before, after)
	}
	leftovers(t, s.dir(t, "admin/sample"))
	if peak := s.peak(t); peak > 300<<20 {
		t.Errorf("the server's memory rose to %d MiB", peak>>20)
	}
	status, text := s.post(t, "admin/sample", "git-receive-pack", append([]byte(command(base, id, "refs/heads/main")), good...))
	if status != http.StatusOK || !strings.Contains(text, "ok refs/heads/main") {
		t.Errorf("the pack itself, whole, was answered %d %q", status, text)
	}
	s.fsck(t, "admin/sample")
}

func header(n uint32) []byte { return binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), n) }

// entryHeader encodes type and size of an entry (gitformat-pack).
func entryHeader(kind byte, size uint64) []byte {
	b := []byte{kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		b[len(b)-1] |= 0x80
		b = append(b, byte(size&0x7f))
	}
	return b
}

func entry(kind byte, size uint64, content []byte) []byte {
	return append(append(header(1), entryHeader(kind, size)...), deflated(content)...)
}

func deflated(content []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}

func zeros(n int) []byte { return make([]byte, n) }

// zeroStream is a zlib stream of so many MiB of zeros (RFC 1950, RFC 1951), put together from blocks of one: to deflate a
// gigabyte takes minutes under the race detector.
func zeroStream(mib int) []byte {
	var one bytes.Buffer
	w, _ := flate.NewWriter(&one, flate.BestCompression)
	_, _ = w.Write(zeros(1 << 20))
	_ = w.Flush()
	b := append([]byte{0x78, 0xda}, bytes.Repeat(one.Bytes(), mib)...)
	b = append(b, 1, 0, 0, 0xff, 0xff)                                           // an empty block is the last
	return binary.BigEndian.AppendUint32(b, uint32(uint64(mib)<<20%65521)<<16|1) // Adler-32 of zeros
}

// rewrap puts the right trailer behind a pack's bytes.
func rewrap(b []byte) []byte {
	sum := sha1.Sum(b)
	return append(b, sum[:]...)
}

// bomb is a blob of one byte and a delta on it whose result is declared, and built, as 4 GB.
func bomb() []byte {
	b := header(2)
	b = append(append(b, entryHeader(3, 1)...), deflated([]byte("x"))...)
	base := sha1.Sum([]byte("blob 1\x00x"))
	delta := []byte{1, 0x80, 0x80, 0x80, 0x80, 0x10} // base size 1, result size 1<<32
	delta = append(delta, bytes.Repeat([]byte{0x90, 1}, 1<<16)...)
	b = append(b, entryHeader(7, uint64(len(delta)))...)
	b = append(b, base[:]...)
	return append(b, deflated(delta)...)
}

func TestTruncatedIndexEndsARequestAndNotTheServer(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	grow(t, source, 2000)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/broken"))
	git(t, "", "ls-remote", s.mine("admin/broken"))
	dir := t.TempDir()
	git(t, "", "clone", "-q", "--bare", s.mine("admin/broken"), dir) // the index is mapped from here on
	indexes, err := filepath.Glob(filepath.Join(s.dir(t, "admin/broken"), "objects/pack/*.idx"))
	if err != nil || len(indexes) == 0 {
		t.Fatalf("no index found: %v", err)
	}
	for _, index := range indexes {
		if err := os.Chmod(index, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(index, 100); err != nil {
			t.Fatal(err)
		}
	}
	fresh := t.TempDir()
	out, err := tryGit("", nil, "clone", "--depth", "1", "--bare", s.mine("admin/broken"), fresh)
	if err == nil {
		t.Errorf("a clone over a truncated index went through: %s", out)
	}
	if !strings.Contains(out, "remote") && !strings.Contains(out, "fatal") {
		t.Errorf("no clear error: %s", out)
	}
	git(t, "", "ls-remote", s.mine(s.Repo))
}

func TestAddressesThatAreNotServedYetSaySo(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, r := range []struct {
		method, path string
		header       []string
		status       int
		words        string
	}{
		{"GET", "/" + s.Repo + "/info/refs", nil, 0, "smart"},
		{"POST", "/" + s.Repo + ".git/info/lfs/objects/batch", nil, 501, "LFS"},
		{"GET", "/" + s.Repo + "?cmd=capabilities", []string{"X-HgProto-1", "0.1"}, 501, ""},
		{"PROPFIND", "/" + s.Repo + "/", nil, 501, ""},
		{"GET", "/" + s.Repo + "//info/refs?service=git-upload-pack", nil, 400, ""},
		{"GET", "/" + s.Repo + "/../x", nil, 400, ""},
		{"GET", "/" + s.Repo + "/info/refs?service=git-nonsense", nil, 0, "service"},
	} {
		req, err := http.NewRequest(r.method, s.URL+r.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("git", s.Tokens["vcs"])
		for i := 0; i+1 < len(r.header); i += 2 {
			req.Header.Set(r.header[i], r.header[i+1])
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, _ = b.ReadFrom(res.Body)
		_ = res.Body.Close()
		if r.status != 0 && res.StatusCode != r.status || r.status == 0 && res.StatusCode < 400 || !strings.Contains(strings.ToLower(b.String()), strings.ToLower(r.words)) {
			t.Errorf("%s %s answered %d %q, want %d and %q", r.method, r.path, res.StatusCode, b.String(), r.status, r.words)
		}
	}
}
