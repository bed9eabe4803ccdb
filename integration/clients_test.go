package integration

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// What a client is asked to do; a driver that lacks one ends with status 2.
const (
	verbList      = "list"      // the refs of URL, on standard output
	verbClone     = "clone"     // URL into DIR, with a work tree
	verbBare      = "bare"      // URL into DIR, without one
	verbShallow   = "shallow"   // one commit of URL into DIR, with a work tree
	verbUnshallow = "unshallow" // all the rest of URL's history into DIR
	verbPartial   = "partial"   // URL into DIR without blobs and without a work tree
	verbCheckout  = "checkout"  // what a partial clone lacks, by laying the work tree
	verbFetch     = "fetch"     // branches of URL to refs/remotes/origin/, tags to refs/tags/, both by force
	verbPush      = "push"      // refspecs of DIR to URL
)

// login is who asks: a name and a password or token, or over SSH the path of a private key as the secret.
type login struct{ user, secret string }

// order is one thing to do for a client.
type order struct {
	verb, address, dir string
	as                 login
	refspecs           []string
	version            string   // of git's protocol, for a client that can be told
	env                []string // besides gitEnv
}

// obey does an order and returns what was printed, on both channels.
type obey func(o order) (out string, err error)

// client is a program or library that speaks git.
type client struct {
	name string
	// over are its transports: http, https, ssh.
	over []string
	// versions of git's protocol that it can be told to speak; for one that cannot be told, the one that it speaks.
	versions []string
	// cannot tells why, by the name of a feature, optionally with " over ssh" behind it.
	cannot map[string]string
	// words are what it says when it is refused, by the name of a feature, optionally with " over ssh" behind it.
	words map[string]string
	make  func(t *testing.T) obey
	// version is a command that prints the version tried.
	version []string
}

// in tells what a map of a client says of a feature over a transport.
func in(m map[string]string, feature, scheme string) string {
	if s, ok := m[feature+" over "+scheme]; ok {
		return s
	}
	return m[feature]
}

// fetched is the path of something that scripts/clients lays down. Without it the tests fail: a client that is not
// there was not tried.
func fetched(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "bin", "clients", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run scripts/clients first", err)
	}
	return path
}

// execute runs a client's command and returns what it printed, on both channels.
func execute(env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = gitEnv(env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	return stdout.String() + stderr.String(), err
}

// errLacks says that a client has no such verb.
var errLacks = errors.New("the client lacks this")

// driver makes an obey of a command in front of the arguments that every script of testdata/clients takes.
func driver(env []string, command ...string) obey {
	return func(o order) (string, error) {
		args := append(append([]string{}, command[1:]...), o.verb, o.address, o.dir, o.as.user, o.as.secret)
		out, err := execute(append(append(env, sshEnv(o.as.secret)), o.env...), command[0], append(args, o.refspecs...)...)
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 2 {
			err = errLacks
		}
		return out, err
	}
}

// gitClient makes an obey of a git program.
func gitClient(program string) obey {
	return func(o order) (string, error) {
		u, err := url.Parse(o.address)
		if err != nil {
			return "", err
		}
		env := o.env
		if u.Scheme == "ssh" {
			env = append([]string{sshEnv(o.as.secret)}, env...)
		} else {
			u.User = url.UserPassword(o.as.user, o.as.secret)
		}
		args := map[string][]string{
			verbList:      {"ls-remote", u.String()},
			verbClone:     {"clone", u.String(), o.dir},
			verbBare:      {"clone", "--mirror", u.String(), o.dir},
			verbShallow:   {"clone", "--depth", "1", u.String(), o.dir},
			verbUnshallow: {"-C", o.dir, "fetch", "--unshallow", u.String()},
			verbPartial:   {"clone", "--filter=blob:none", "--no-checkout", u.String(), o.dir},
			verbCheckout:  {"-C", o.dir, "checkout", "main"},
			verbFetch:     {"-C", o.dir, "fetch", u.String(), "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"},
			verbPush:      append([]string{"-C", o.dir, "push", u.String()}, o.refspecs...),
		}[o.verb]
		return execute(env, program, append([]string{"-c", "protocol.version=" + o.version}, args...)...)
	}
}

// jars are what JGit needs, as Debian lays them down.
var jars = []string{"org.eclipse.jgit", "jsch", "jzlib", "slf4j-api", "slf4j-nop", "javaewah"}

// compiled compiles JGit's driver once for a run and returns the class path to start it with.
var compiled = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "jeton-jgit-")
	if err != nil {
		return "", err
	}
	path := []string{dir}
	for _, jar := range jars {
		path = append(path, "/usr/share/java/"+jar+".jar")
	}
	all := strings.Join(path, ":")
	out, err := exec.Command("javac", "-nowarn", "-d", dir, "-cp", all, "testdata/clients/JGitClient.java").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("javac: %w\n%s", err, out)
	}
	return all, nil
})

func jgit(t *testing.T) obey {
	t.Helper()
	path, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	// It looks for the person's own settings in user.home.
	return driver(nil, "java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Duser.home=/nonexistent", "-cp", path, "JGitClient")
}
