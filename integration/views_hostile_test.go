package integration

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var viewsLarge = flag.Int("views.large", 300, "how many MiB the file has that is served raw and in archives in little memory")

// TestHostileAddressesOfViews asks for what is no revision and no path in all ways that clients write addresses, and for
// objects that nobody may see.
func TestHostileAddressesOfViews(t *testing.T) {
	s := viewing(t)
	dir := sampleHistory(t)
	first := commit(t, dir, "dir/file", "text")
	git(t, dir, "push", "-q", s.mine("admin/app"), "main")
	git(t, dir, "checkout", "-q", "-b", "secret")
	hidden := commit(t, dir, "hidden", "hidden text")
	git(t, dir, "push", "-q", s.mine("admin/app"), "secret:refs/secret/x")
	gone := commit(t, dir, "gone", "gone text")
	git(t, dir, "push", "-q", s.mine("admin/app"), "secret:refs/heads/gone")
	git(t, dir, "push", "-q", s.mine("admin/app"), ":refs/heads/gone")
	s.jeton(t, "repo", "set", "admin/app", "fetch.hide_refs=refs/secret")
	s.jeton(t, "repo", "create", "admin/empty", "--owner", s.User)
	absent := strings.Repeat("ab", len(first)/2)
	notCanonical, noName, none, noFile := "canonical way", "no name of a branch", "no branch, tag or commit", "no file or folder"
	long := strings.Repeat("x", 10_000)
	for _, c := range []struct{ rev, status, words string }{
		{"..", "400", notCanonical}, {".", "400", notCanonical}, {"%2e%2e", "400", notCanonical}, {"%2E%2e", "400", notCanonical}, {"main/..", "400", notCanonical},
		{"main..main", "400", noName}, {"@%7B-1%7D", "400", noName}, {"main@%7B1%7D", "400", noName}, {":", "400", noName}, {":text", "400", noName}, {"HEAD%5E", "400", noName}, {"HEAD%5E%7Btree%7D", "400", noName},
		{"HEAD~1", "400", noName}, {"main%00", "400", notCanonical}, {"%FF%FE", "404", none}, {"-x", "404", none}, {"%2D%2Dupload-pack=x", "404", none},
		{long, "400", "is 10"}, {"none", "404", none}, {"refs", "404", none}, {first[:3], "404", none}, {"@", "404", none},
		{hidden, "404", none}, {hidden[:10], "404", none}, {gone, "404", none}, {gone[:10], "404", none}, {absent, "404", none}, {absent[:10], "404", none}, {first[:10] + "0000", "404", none},
	} {
		for _, address := range []string{"raw/" + c.rev + "/dir/file", "rawfile/" + c.rev + "/dir/file", "changeset-diff/" + c.rev, "changeset-patch/" + c.rev, "compare/main..." + c.rev + ".diff"} {
			if strings.HasPrefix(address, "compare") && (strings.HasSuffix(c.rev, ".") || strings.HasPrefix(c.rev, "%2")) { // dots that are part of a name there
				continue
			}
			s.refused(t, "admin/app/"+address, c.status, c.words)
		}
	}
	for _, c := range []struct{ address, status, words string }{
		{"raw/:/text", "400", noName}, {"raw/HEAD%5E%7B/x%7D", "400", noName}, {"changeset-diff/:/text", "400", noName}, {"changeset-diff/HEAD%5E%7B/x%7D", "400", noName},
		{"raw/main%0A/x", "400", noName}, {"raw/%1B%5B31m/x", "400", noName}, {"raw/main%5Cx/y", "400", noName}, {"changeset-diff/main%0A", "400", notCanonical}, {"changeset-diff/%1B%5B31m", "400", notCanonical}, {"compare/main...main%5Cx.diff", "400", notCanonical},
		{"raw/main//dir", "400", notCanonical}, {"raw//main/dir/file", "400", notCanonical}, {"raw/main/dir%2Ffile", "400", notCanonical}, {"raw/main/dir%2ffile", "400", notCanonical}, {"raw/main/dir/../dir/file", "400", notCanonical},
		{"raw/main/%2e%2e/dir/file", "400", notCanonical}, {"raw/main/dir/%2e/file", "400", notCanonical}, {"raw/main/dir%00/file", "400", notCanonical}, {"raw/main/dir%5Cfile", "404", noFile}, {"raw/main/..%5C..%5Cetc", "404", noFile},
		{"raw/main/" + long, "400", "is 10005 bytes long"}, {"raw/main/" + strings.Repeat("a/", 2000), "404", noFile}, {"raw/main/dir", "404", "is a folder"}, {"raw/main", "404", "is a folder"}, {"raw/main/dir/file/", "404", noFile},
		{"raw/refs/secret/x/hidden", "404", none}, {"raw/main/hidden", "404", noFile}, {"raw/main/.git/config", "404", noFile}, {"diff/dir/file?diff1=main", "400", "needs two revisions"},
		{"diff/dir/file?diff1=main&diff2=" + hidden, "404", none}, {"diff/dir/file?diff1=..&diff2=main", "400", noName}, {"diff/none?diff1=main&diff2=main", "404", noFile}, {"changeset-diff/main?context=-1", "400", "context is"},
		{"compare/main...main.html", "404", "compare/"}, {"compare/main..main.diff", "400", "three dots"},
	} {
		s.refused(t, "admin/app/"+c.address, c.status, c.words)
	}
	for _, address := range []string{"raw/tip/README", "raw/main/README", "changeset-diff/tip", "changeset-patch/HEAD", "compare/tip...tip.diff", "raw/" + absent + "/x"} {
		s.refused(t, "admin/empty/"+address, "404", "This repository is empty")
	}
	if res, body := s.askView(t, http.MethodPost, "admin/app/raw/main/dir/file"); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") == "" {
		t.Errorf("POST: %s %s", res.Status, body)
	}
}

// askView asks for an address as it is written: nothing of it is cleaned on the way.
func (s *server) askView(t *testing.T, method, address string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+"/"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Auth-Token", s.Tokens["web"])
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// refused makes sure that an address is answered by a sentence, in which nothing comes back as the client wrote it.
func (s *server) refused(t *testing.T, address, status, words string) {
	t.Helper()
	res, body := s.askView(t, http.MethodGet, address)
	if !strings.HasPrefix(res.Status, status) || !strings.Contains(body, words) || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") || res.Header.Get("Cache-Control") != "no-store" || len(body) > 2000 {
		t.Errorf("%.120s: %s %.300q; want %s and %q\n%v", address, res.Status, body, status, words, res.Header)
	}
	if strings.ContainsFunc(strings.TrimSuffix(body, "\n"), func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.Contains(body, "hidden text") {
		t.Errorf("%.120s is answered with %q", address, body)
	}
}

// memory is a line of what the system knows of the server's memory, in KiB (proc_pid_status): VmRSS, VmHWM.
func (s *server) memory(t *testing.T, what string) int {
	t.Helper()
	return memoryOf(t, s.cmd.Process.Pid, what)
}

// memoryOf is memory of any process.
func memoryOf(t *testing.T, pid int, what string) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), what+":")
	var n int
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatalf("%s of the process %d: %v", what, pid, err)
	}
	return n
}

// TestALargeFileIsServedInLittleMemory sends one file of many MiB whole, in part, and in archives, made anew and kept.
func TestALargeFileIsServedInLittleMemory(t *testing.T) {
	s := start(t, "JETON_WEB_TOKEN_VIEWS=raw,archive", "JETON_RECEIVE_MAX_BLOB=4GiB")
	size := int64(*viewsLarge) << 20
	dir := sampleHistory(t)
	f, err := os.Create(filepath.Join(dir, "large.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("here it is"), size-1000); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	git(t, dir, "config", "core.bigFileThreshold", "1m")
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "large")
	git(t, dir, "push", "-q", s.mine("admin/large"), "main")
	s.stop(t) // what the push has taken is not counted
	s.run(t)
	before := s.memory(t, "VmRSS")
	out := filepath.Join(t.TempDir(), "out")
	if status, head, _ := s.fetchView(t, "admin/large/raw/main/large.bin", "-o", out, "-D", "-"); status != "200" || !strings.Contains(head, fmt.Sprintf("Content-Length: %d", size)) || !strings.Contains(head, "application/octet-stream") {
		t.Errorf("the whole: %s", head)
	}
	if st, err := os.Stat(out); err != nil || st.Size() != size {
		t.Errorf("the whole came as %v, %v", st, err)
	}
	_ = os.Remove(out)
	if status, head, part := s.fetchView(t, "admin/large/rawfile/main/large.bin", "-r", fmt.Sprintf("%d-%d", size-1000, size-991)); status != "206" || part != "here it is" {
		t.Errorf("a part near the end: %s %.100q", head, part)
	}
	if res, _ := s.askView(t, http.MethodHead, "admin/large/raw/main/large.bin"); res.StatusCode != http.StatusOK || res.ContentLength != size {
		t.Errorf("the head: %s, %v", res.Status, res.Header)
	}
	for _, suffix := range []string{".zip", ".tar.gz"} {
		for _, when := range []string{"first", "again"} {
			if n := s.unpacked(t, "admin/large/archive/main"+suffix, suffix); n != size {
				t.Errorf("%s, %s: the file has %d bytes in it, want %d", suffix, when, n, size)
			}
		}
	}
	if grown := s.memory(t, "VmHWM") - before; grown > 64<<10 {
		t.Errorf("a file of %d MiB took %d KiB of memory", *viewsLarge, grown)
	} else {
		t.Logf("a file of %d MiB took %d KiB of memory", *viewsLarge, grown)
	}
}

// unpacked is how many bytes large.bin has in an archive below the server, which is not unpacked to disk.
func (s *server) unpacked(t *testing.T, address, suffix string) int64 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "archive"+suffix)
	program(t, "", "curl", "-sSf", "-H", "X-Auth-Token: "+s.Tokens["web"], "-o", file, s.URL+"/"+address)
	defer os.Remove(file)
	count := map[string]string{".zip": `unzip -p "$1" '*/large.bin' | wc -c`, ".tar.gz": `tar -xzOf "$1" --wildcards '*/large.bin' | wc -c`}[suffix]
	n, err := strconv.ParseInt(strings.TrimSpace(program(t, "", "bash", "-o", "pipefail", "-c", count, "count", file)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
