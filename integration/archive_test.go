package integration

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// TestArchivesComeOverSSHAndHTTP lets git ask over SSH; over HTTP the request is written by hand as git 2.44 and newer send
// it, since older ones cannot.
func TestArchivesComeOverSSHAndHTTP(t *testing.T) {
	t.Parallel()
	s := start(t)
	env := []string{sshEnv(s.addKey(t, "ed25519"))}
	out, err := tryGit("", env, "archive", "--remote="+s.ssh(s.Repo), "--prefix=x/", "HEAD")
	if err != nil || !strings.Contains(out, "x/README.md") {
		t.Fatalf("over SSH: %v, %d bytes", err, len(out))
	}
	cmd := exec.Command("tar", "-tf", "-")
	cmd.Stdin = strings.NewReader(out)
	if list, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(list), "x/README.md") {
		t.Errorf("tar reads %v\n%s", err, list)
	}
	refuse(t, "", env, []string{"remote: fatal: no such ref: nowhere"}, "archive", "--remote="+s.ssh(s.Repo), "nowhere")
	refuse(t, "", env, []string{"no such repository"}, "archive", "--remote="+s.ssh("bob/none"), "HEAD")

	line := "argument HEAD"
	for _, c := range []struct {
		name, user, secret string
		status             int
		words              string
	}{
		{"with a token", "git", s.Tokens["vcs"], 200, "0008ACK\n0000"},
		{"with a feed token", "git", s.Tokens["feed"], 401, "feed token"},
		{"without", "", "", 401, "Sign in"},
	} {
		req, err := http.NewRequest("POST", s.URL+"/"+s.Repo+"/git-upload-archive", strings.NewReader(fmt.Sprintf("%04x%s0000", len(line)+4, line)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-git-upload-archive-request")
		if c.user != "" {
			req.SetBasicAuth(c.user, c.secret)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		_ = res.Write(&b)
		_ = res.Body.Close()
		if res.StatusCode != c.status || !strings.Contains(b.String(), c.words) {
			t.Errorf("%s: got %d %.300q", c.name, res.StatusCode, b.String())
		}
	}
}
