package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// grounds are what all cells of the matrix share: two servers, who may do what there, and a history to begin with.
type grounds struct {
	source        string // a work tree with the history
	plain, secure *server
	cert          string // of the secure one, to be trusted
	master        login  // over SSH; over HTTP each server has a token of its own
	reader        login  // over SSH
	readTokens    map[*server]string
	stranger      string // a key that no server knows
}

func newGrounds(t *testing.T) *grounds {
	t.Helper()
	g := &grounds{source: sampleHistory(t), readTokens: map[*server]string{}}
	cert, key := certificate(t)
	g.cert = cert
	g.plain, g.secure = start(t), start(t, "JETON_SERVER_TLS_CERT="+cert, "JETON_SERVER_TLS_KEY="+key)
	// JSch, which JGit signs in with, reads keys in PEM alone and knows no ed25519.
	pemKey := func() string { return newKey(t, "ecdsa", "-b", "256", "-m", "PEM") }
	g.master, g.reader, g.stranger = login{"git", pemKey()}, login{"git", pemKey()}, pemKey()
	g.plain.jeton(t, "key", "add", "--user", g.plain.User, "--label", "master", g.master.secret+".pub")
	g.plain.withInput(t, "correct horse reader\n", "user", "create", "reader", "--email", "reader@example.com", "--password-stdin")
	g.plain.jeton(t, "key", "add", "--user", "reader", "--label", "reader", g.reader.secret+".pub")
	for _, s := range []*server{g.plain, g.secure} {
		_, g.readTokens[s] = s.token(t, "--user", s.User, "--kind", "vcs", "--access", "read")
	}
	return g
}

// certificate writes a certificate for 127.0.0.1 that signs itself, and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	facts := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, facts, facts, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, bytes []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", pkcs8)
}

// party is one column of the matrix: a client over one transport in one version, with a repository of its own.
type party struct {
	g               *grounds
	do              obey
	client          client
	scheme, version string
	s               *server
	repo            string // its path at the server
	stored          string // its folder there
	me              login
	work            string // a clone of it, which the features use one after the other
	shallow         string // another one, of one commit
}

// party makes a repository with the history and who may read it.
func (g *grounds) party(t *testing.T, c client, do obey, scheme, version string) *party {
	t.Helper()
	name := strings.ReplaceAll(strings.ToLower(c.name), " ", "-")
	p := &party{g: g, do: do, client: c, scheme: scheme, version: version, s: g.plain, repo: fmt.Sprintf("admin/%s-%s-%s", name, scheme, version)}
	if scheme == "https" {
		p.s = g.secure
	}
	p.me = login{"git", p.s.Tokens["vcs"]}
	if scheme == "ssh" {
		p.me = g.master
	}
	p.host(t, g.source, "push", "-q", "--mirror", p.s.mine(p.repo))
	p.work, p.shallow = filepath.Join(t.TempDir(), "clone"), filepath.Join(t.TempDir(), "shallow")
	p.stored = p.s.dir(t, p.repo)
	if scheme == "ssh" {
		p.s.jeton(t, "repo", "grant", p.repo, "reader", "read")
	}
	return p
}

// host is C git on this machine, as the judge and as the other people who use the repository.
func (p *party) host(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, []string{"GIT_SSL_CAINFO=" + p.g.cert}, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// address is where the client finds a repository, without a credential.
func (p *party) address(repo string) string {
	if p.scheme == "ssh" {
		return p.s.ssh(repo)
	}
	return p.s.http(repo, "", "")
}

func (p *party) order(verb, dir string, refspecs ...string) order {
	return order{verb: verb, address: p.address(p.repo), dir: dir, as: p.me, version: p.version, refspecs: refspecs,
		env: []string{"GIT_SSL_CAINFO=" + p.g.cert, "NODE_EXTRA_CA_CERTS=" + p.g.cert, "SSL_CERT_FILE=" + p.g.cert}}
}

// must lets the client do something that it has to manage.
func (p *party) must(t *testing.T, verb, dir string, refspecs ...string) string {
	t.Helper()
	out, err := p.do(p.order(verb, dir, refspecs...))
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", p.client.name, verb, err, out)
	}
	return out
}

// refused lets the client do something that it may not, and looks for what it has to say about it.
func (p *party) refused(t *testing.T, feature string, o order) {
	t.Helper()
	out, err := p.do(o)
	if err == nil {
		t.Fatalf("%s %s went through and should not\n%s", p.client.name, o.verb, out)
	}
	words := in(p.client.words, feature, p.scheme)
	if words == "" || !strings.Contains(out, words) {
		t.Errorf("%s %s: want the words %q in\n%s", p.client.name, o.verb, words, out)
	}
	t.Logf("%s", strings.TrimSpace(out))
}

// lacks holds the table to the client: what it is said not to have, it must not have.
func (p *party) lacks(t *testing.T, verb, why string) {
	t.Helper()
	if out, err := p.do(p.order(verb, filepath.Join(t.TempDir(), "clone"))); err != errLacks { //nolint:errorlint // it is never wrapped
		t.Errorf("the table says of %s %q, but %s answered %v\n%s", p.client.name, why, verb, err, out)
	}
}

// treeOf is the tree of a revision.
func treeOf(t *testing.T, dir, revision string) string {
	t.Helper()
	return strings.TrimSpace(git(t, dir, "rev-parse", revision+"^{tree}"))
}

// like fails the test when both repositories are not whole, or HEAD's trees differ.
func (p *party) like(t *testing.T, dir string) {
	t.Helper()
	fsck(t, dir)
	fsck(t, p.stored)
	if got, want := treeOf(t, dir, "HEAD"), treeOf(t, p.stored, "HEAD"); got != want {
		t.Errorf("the tree of HEAD is %s, at the server %s", got, want)
	}
}

// rival is somebody else, who pushes a commit to main between what the client was told and what it sends.
func (p *party) rival(t *testing.T, o order) order {
	t.Helper()
	dir := t.TempDir()
	p.host(t, "", "clone", "-q", p.s.mine(p.repo), dir)
	commit(t, dir, "rival.txt", "somebody else was faster\n")
	if p.scheme == "ssh" {
		o.env = append(o.env, "GIT_SSH_COMMAND="+p.heldUp(t, dir, o.as.secret))
		return o
	}
	o.address = p.proxy(t, func() { p.host(t, dir, "push", "-q", "origin", "main") }) + "/" + p.repo
	return o
}

// heldUp writes a program to be run in the place of ssh. The client's first byte comes after it has read the
// advertisement; the rival pushes before it goes on to the server.
func (p *party) heldUp(t *testing.T, rival, key string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ssh")
	script := fmt.Sprintf("#!/bin/sh\n{\n\tdd bs=1 count=1 2>/dev/null\n\tenv -u GIT_DIR git -C %s push -q origin main >&2\n\texec cat\n} | %s \"$@\"\n", rival, strings.Join(sshArgs(key), " "))
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return path
}

// proxy hands requests on to the server. Before the first that brings commands of a push it lets somebody else go ahead.
func (p *party) proxy(t *testing.T, ahead func()) string {
	t.Helper()
	target, err := url.Parse(p.s.URL)
	if err != nil {
		t.Fatal(err)
	}
	onward := httputil.NewSingleHostReverseProxy(target)
	onward.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the server that this test has just started
	var once sync.Once
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Four bytes are the flush by which git asks whether it will be let in.
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/git-receive-pack") && r.ContentLength != 4 {
			once.Do(ahead)
		}
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// noise is text of n bytes that does not compress well.
func noise(t *testing.T, n int) string {
	t.Helper()
	b := make([]byte, n/2)
	if _, err := io.ReadFull(rand.Reader, b); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", b)
}
