package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// transport is one way for a real git to reach the server.
type transport struct {
	name string
	// address is a repository's address with all that is needed to read and write it.
	address func(s *server, repo string) string
	env     []string
}

// transports are HTTP with a vcs token and SSH with a key of the administrator's, each under every protocol version.
func transports(t *testing.T, s *server) []transport {
	t.Helper()
	key := s.addKey(t, "ed25519")
	var all []transport
	for _, version := range []string{"0", "1", "2"} {
		config := []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.version", "GIT_CONFIG_VALUE_0=" + version}
		all = append(all,
			transport{"http-v" + version, (*server).mine, config},
			transport{"ssh-v" + version, (*server).ssh, append(config, sshEnv(key))},
		)
	}
	return all
}

// addKey makes a key pair with ssh-keygen and gives it to the administrator; it returns the private key's path.
func (s *server) addKey(t *testing.T, kind string, options ...string) string {
	t.Helper()
	key := newKey(t, kind, options...)
	s.jeton(t, "key", "add", "--user", s.User, "--label", "test "+kind, key+".pub")
	return key
}

func newKey(t *testing.T, kind string, options ...string) string {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	out, err := exec.Command("ssh-keygen", append([]string{"-q", "-t", kind, "-N", "", "-C", "test", "-f", key}, options...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	return key
}

// sshEnv makes git use OpenSSH with this key alone and without anything of the person's own.
func sshEnv(key string, options ...string) string {
	return "GIT_SSH_COMMAND=" + strings.Join(append(sshArgs(key), options...), " ")
}

func sshArgs(key string) []string {
	return []string{"ssh", "-F", "/dev/null", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"}
}

// git runs the client over this transport.
func (tr transport) git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, tr.env, args...)
	if err != nil {
		t.Fatalf("%s: git %s: %v\n%s", tr.name, strings.Join(args, " "), err, out)
	}
	return out
}

// sampleHistory is a work tree with branches, a merge, tags and a file that moved: a copy of the first that was made.
func sampleHistory(t *testing.T) string {
	t.Helper()
	sample.Do(func() { makeSample(t, filepath.Join(made, "sample")) })
	dir := t.TempDir()
	if out, err := exec.Command("cp", "-a", filepath.Join(made, "sample")+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	return dir
}

// sample has the history made once.
var sample sync.Once

func makeSample(t *testing.T, dir string) {
	t.Helper()
	git(t, "", "init", "-q", "-b", "main", dir)
	for i, text := range []string{"one\n", "one\ntwo\n", "one\ntwo\nthree\n"} {
		commit(t, dir, "a/b/file.txt", text)
		commit(t, dir, "other"+string(rune('0'+i))+".txt", strings.Repeat(text, 300))
	}
	git(t, dir, "tag", "v1")
	git(t, dir, "checkout", "-q", "-b", "topic", "HEAD~2")
	commit(t, dir, "topic/new.txt", "topic\n")
	git(t, dir, "mv", "a/b/file.txt", "moved.txt")
	git(t, dir, "commit", "-q", "-m", "Move a file")
	git(t, dir, "checkout", "-q", "main")
	git(t, dir, "merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
	git(t, dir, "tag", "-a", "-m", "Version two", "v2")
}

// same fails the test when two repositories do not hold the same refs, or a copy, the second, is not whole. Whether the
// first is, the caller asks once.
func same(t *testing.T, what, a, b string) {
	t.Helper()
	if x, y := refs(t, a), refs(t, b); x != y {
		t.Errorf("%s: refs differ\n%s\n--\n%s", what, x, y)
	}
	fsck(t, b)
}

// files lists the regular files below dir with their contents, without .git.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == ".git" {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if d.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
