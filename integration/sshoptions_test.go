package integration

import (
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// master opens a connection that others share, and returns the options that make ssh use it and nothing else.
func (s *server) master(t *testing.T, options []string) []string {
	t.Helper()
	u, err := url.Parse(s.SSH)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(short(t), "m")
	shared := []string{"-o", "ControlPath=" + path}
	at := []string{"-p", u.Port(), "git@" + u.Hostname()}
	// -f goes to the background when the connection stands, -N asks for no command.
	args := slices.Concat(options[1:], shared, []string{"-M", "-f", "-N"}, at)
	if out, err := exec.Command(options[0], args...).CombinedOutput(); err != nil {
		t.Fatalf("ssh -M: %v\n%s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ssh", slices.Concat(shared, []string{"-O", "exit"}, at)...).Run() })
	return append(shared, "-o", "ControlMaster=no", "-o", "PubkeyAuthentication=no")
}

func TestManySessionsShareAConnectionAndEndWithItsKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	people(t, s)
	key := newKey(t, "ed25519")
	var made struct{ ID string }
	s.ask(t, &made, "key", "add", "--user", "ada", "--label", "shared", key+".pub")
	shared := s.master(t, sshArgs(key))
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			dir := filepath.Join(t.TempDir(), fmt.Sprint(n))
			if out, err := tryGit("", []string{sshEnv(key, shared...)}, "clone", "-q", s.ssh("ada/app"), dir); err != nil {
				t.Errorf("clone %d: %v\n%s", n, err, out)
			}
		})
	}
	wg.Wait()
	s.jeton(t, "key", "remove", made.ID, "--yes")
	if out, err := tryGit("", []string{sshEnv(key, shared...)}, "ls-remote", s.ssh("ada/app")); err == nil || !strings.Contains(out, "Jeton: ") {
		t.Errorf("on the connection of a removed key: %v\n%s", err, out)
	}
}

func TestAlgorithmsOfOpenSSHThatAreTakenAndRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := s.addKey(t, "ed25519")
	for option, c := range map[string]struct {
		query string
		taken []string
	}{
		"KexAlgorithms": {"kex", []string{"mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
			"ecdh-sha2-nistp521", "diffie-hellman-group16-sha512", "diffie-hellman-group14-sha256"}},
		"Ciphers":           {"cipher", []string{"aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr"}},
		"MACs":              {"mac", []string{"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"}},
		"HostKeyAlgorithms": {"HostKeyAlgorithms", []string{"ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-256", "rsa-sha2-512"}},
	} {
		out, err := exec.Command("ssh", "-Q", c.query).Output()
		if err != nil {
			t.Fatal(err)
		}
		known := strings.Fields(string(out))
		if len(known) < 4 {
			t.Fatalf("ssh -Q %s knows %q", c.query, known)
		}
		seen := 0
		for _, name := range known {
			options := append(sshArgs(key), "-o", option+"="+name)
			if option == "MACs" {
				options = append(options, "-o", "Ciphers=aes128-ctr") // the others bring their own
			}
			said, err := s.dial(t, options)
			want := slices.Contains(c.taken, name)
			if want {
				seen++
			}
			if (err == nil) != want {
				t.Errorf("%s=%s: taken %v, want %v\n%s", option, name, err == nil, want, said)
			}
		}
		if seen < 3 {
			t.Errorf("%s: of what is taken this OpenSSH knows %d", option, seen)
		}
	}
}

func TestAWrongKeyThenTheRightOneOnOneConnection(t *testing.T) {
	t.Parallel()
	s := start(t)
	var options []string
	for range 6 {
		options = append(options, "-i", newKey(t, "ed25519"))
	}
	options = append(options, "-i", s.addKey(t, "ed25519"))
	if out, err := s.dial(t, append(sshArgs(newKey(t, "ed25519")), options...)); err != nil || !strings.Contains(out, "Hello "+s.User) {
		t.Errorf("seven wrong keys, then the right one: %v\n%s", err, out)
	}
}

func TestWhatSSHRefusesHasWords(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := strings.Fields(strings.Replace(strings.Join(sshArgs(s.addKey(t, "ed25519")), " "), "LogLevel=ERROR", "LogLevel=INFO", 1))
	for name, c := range map[string]struct {
		options []string
		command []string
		words   string
	}{
		"a shell's command": {nil, []string{"id"}, "there is no shell here"},
		"a program":         {nil, []string{"scp", "-t", "/"}, "there is no shell here"},
		"forwarding":        {[]string{"-W", "127.0.0.1:80"}, nil, "there is no forwarding here"},
		"a home folder":     {nil, []string{"git-upload-pack", "'~/x'"}, "no home folders"},
		"no repository":     {nil, []string{"git-upload-pack"}, "takes one repository"},
		"not there":         {nil, []string{"git-upload-pack", "'no/where'"}, "no such repository"},
	} {
		out, err := s.dial(t, append(append([]string{}, key...), c.options...), c.command...)
		if err == nil || !strings.Contains(out, c.words) {
			t.Errorf("%s: %v, want the words %q\n%s", name, err, c.words, out)
		}
	}
	// What is refused beside a command leaves the command alone.
	for _, options := range [][]string{{"-A"}, {"-X"}, {"-o", "SetEnv=LD_PRELOAD=/x"}, {"-o", "ServerAliveInterval=1"}, {"-R", "0:127.0.0.1:1"}, {"-L", filepath.Join(short(t), "s") + ":127.0.0.1:1"}} {
		if out, err := s.dial(t, append(append([]string{}, key...), options...)); err != nil || !strings.Contains(out, "Hello "+s.User) {
			t.Errorf("ssh %v: %v\n%s", options, err, out)
		}
	}
}
