package integration

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// pkt frames one line (gitprotocol-common).
func pkt(line string) string { return fmt.Sprintf("%04x%s", len(line)+4, line) }

// post sends a request as no git would, with the administrator's token.
func (s *server) post(t *testing.T, repo, service string, body []byte, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.URL+"/"+repo+"/"+service, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("git", s.Tokens["vcs"])
	req.Header.Set("Content-Type", "application/x-"+service+"-request")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// packOf makes a pack of what revisions name (as rev-list reads them from its input).
func packOf(t *testing.T, dir string, revisions ...string) []byte {
	t.Helper()
	cmd := exec.Command("git", "-C", dir, "pack-objects", "--revs", "--stdout", "-q")
	cmd.Env = gitEnv()
	cmd.Stdin = strings.NewReader(strings.Join(revisions, "\n") + "\n")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("git pack-objects: %v", err)
	}
	return out.Bytes()
}

// command is one line of a push, with the capabilities that ask for a report.
func command(from, to, ref string) string {
	return pkt(from+" "+to+" "+ref+"\x00 report-status") + "0000"
}

const zero = "0000000000000000000000000000000000000000"

// pushPackWithout pushes child without its parent, which the repository does not have, and wants to be refused.
func pushPackWithout(t *testing.T, s *server, dir, repo, child, parent, base string) {
	t.Helper()
	pack := packOf(t, dir, child, "^"+parent)
	status, text := s.post(t, repo, "git-receive-pack", append([]byte(command(zero, child, "refs/heads/broken")), pack...))
	if status != http.StatusOK || !strings.Contains(text, "ng refs/heads/broken") {
		t.Errorf("a push whose parent is missing was answered %d %q", status, text)
	}
	if strings.Contains(text, "ok refs/heads/broken") {
		t.Errorf("a push whose parent is missing was taken: %q", text)
	}
	// The same with the parent goes through: it was the missing object, and nothing else, that was refused.
	status, text = s.post(t, repo, "git-receive-pack", append([]byte(command(zero, parent, "refs/heads/whole")), packOf(t, dir, parent, "^"+base)...))
	if status != http.StatusOK || !strings.Contains(text, "ok refs/heads/whole") {
		t.Errorf("a whole push was answered %d %q", status, text)
	}
}
