package integration

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// object writes an object into a repository, whatever it looks like, and returns its id.
func object(t *testing.T, dir, kind, content string) string {
	t.Helper()
	cmd := exec.Command("git", "hash-object", "-w", "--literally", "--stdin", "-t", kind)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, gitEnv(), strings.NewReader(content)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git hash-object: %v\n%s", err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// rawTree is a tree of one entry, as it lies in the object.
func rawTree(t *testing.T, dir, entry, blob string) string {
	t.Helper()
	var id []byte
	for i := 0; i < len(blob); i += 2 {
		id = append(id, unhex(blob[i])<<4|unhex(blob[i+1]))
	}
	return object(t, dir, "tree", entry+"\x00"+string(id))
}

func unhex(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

func TestGitShowsWhatTheChecksFind(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	blob := object(t, dir, "blob", "[submodule \"x\"]\n\turl = -uevil\n")
	for _, c := range []struct {
		name, entry, id string
		refused         bool
		exemptable      bool
	}{
		{"a file called .git", "100644 .GIT", "hasDotgit: contains '.git'", true, false},
		{"a file above", "100644 ..", "hasDotdot: contains '..'", true, false},
		{"a command as the address of a submodule", "100644 .gitmodules", "gitmodulesUrl: disallowed submodule url: -uevil", true, false},
		{"a folder called .gitattributes", "40000 .gitattributes", "gitattributesBlob: non-blob found at .gitattributes", true, true},
		{"a mode of an old program", "0100644 file", "zeroPaddedFilemode: contains zero-padded file modes", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			repo := "admin/checks-" + strings.ToLower(strings.SplitN(c.id, ":", 2)[0])
			address := s.mine(repo)
			git(t, dir, "push", "-q", address, sound(t, dir)+":refs/heads/main")
			entry := blob
			if strings.HasPrefix(c.entry, "40000") {
				entry = strings.TrimSpace(git(t, dir, "write-tree"))
			}
			tree := rawTree(t, dir, c.entry, entry)
			commit := strings.TrimSpace(git(t, dir, "commit-tree", "-m", c.name, tree))
			push := []string{"-c", "push.default=nothing", "push", address, commit + ":refs/heads/x"}
			exempt := func() (string, error) {
				return s.try("repo", "set", repo, "receive.exempt="+strings.SplitN(c.id, ":", 2)[0])
			}
			if c.refused {
				refuse(t, dir, nil, []string{"remote: error: object ", c.id, "! [remote rejected]"}, push...)
				out, err := exempt()
				if (err == nil) != c.exemptable {
					t.Errorf("to exempt it: %v\n%s", err, out)
				}
				if !c.exemptable {
					return
				}
			}
			if out := git(t, dir, push...); !strings.Contains(out, "remote: warning: object ") || !strings.Contains(out, c.id) {
				t.Errorf("the push says\n%s", out)
			}
			if got := refs(t, s.dir(t, repo)); !strings.Contains(got, commit+" refs/heads/x") {
				t.Errorf("the server has\n%s", got)
			}
		})
	}
}

// sound is a commit without anything wrong.
func sound(t *testing.T, dir string) string {
	t.Helper()
	tree := strings.TrimSpace(git(t, dir, "write-tree"))
	return strings.TrimSpace(git(t, dir, "commit-tree", "-m", "good", tree))
}
