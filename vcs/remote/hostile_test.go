package remote

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/pack/packtest"
	"jeton/vcs/receive"
	"jeton/web/outgoing"
)

// packet is one of git's.
func packet(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }

// banded is data in a band.
func banded(band byte, data string) string { return packet(string(band) + data) }

// advert is a list of refs, each to the same commit.
func advert(caps string, id oid.ID, refs ...string) string {
	var b strings.Builder
	for i, ref := range refs {
		line := id.String() + " " + ref
		if i == 0 {
			line += "\x00" + caps
		}
		b.WriteString(packet(line + "\n"))
	}
	return b.String() + "0000"
}

// packOf is a pack of objects as they are given.
func packOf(entries ...[2]string) string {
	var b bytes.Buffer
	b.Write(pack.AppendFileHeader(nil, uint32(len(entries))))
	for _, e := range entries {
		kind := map[string]plumbing.ObjectType{"commit": plumbing.CommitObject, "tree": plumbing.TreeObject, "blob": plumbing.BlobObject}[e[0]]
		b.Write(pack.AppendHeader(nil, pack.Header{Type: kind, Size: int64(len(e[1]))}))
		b.Write(packtest.Deflated([]byte(e[1])))
	}
	sum := oid.NewSum()
	sum.Write(b.Bytes())
	return string(sum.Sum(b.Bytes()))
}

// commitOf is a commit of an empty tree, and that tree.
func commitOf() (id oid.ID, commit, tree [2]string) {
	empty, _ := oid.Of(plumbing.TreeObject, nil)
	text := "tree " + empty.String() + "\nauthor A <a@example.com> 1700000000 +0000\ncommitter A <a@example.com> 1700000000 +0000\n\nx\n"
	id, _ = oid.Of(plumbing.CommitObject, []byte(text))
	return id, [2]string{"commit", text}, [2]string{"tree", ""}
}

// speaks is a server of git:// that answers the first line with a list of refs, and done with what is given.
func speaks(t *testing.T, refs string, answer func(w io.Writer)) string {
	t.Helper()
	return "git://" + serve(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		if _, err := r.ReadString(0); err != nil {
			return
		}
		if _, err := io.WriteString(conn, refs); err != nil || refs == "" {
			return
		}
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if strings.HasSuffix(line, "done\n") {
				answer(conn)
				return
			}
		}
	}) + "/x"
}

const caps = "side-band-64k ofs-delta agent=hostile symref=HEAD:refs/heads/main"

func TestHostileServersChangeNothing(t *testing.T) {
	id, commit, tree := commitOf()
	good := packOf(commit, tree)
	fine := advert(caps, id, "refs/heads/main")
	nak := packet("NAK\n")
	after := func(text string) func(io.Writer) {
		return func(w io.Writer) { _, _ = io.WriteString(w, text) }
	}
	endless := func(text string) func(io.Writer) {
		return func(w io.Writer) {
			for {
				if _, err := io.WriteString(w, text); err != nil {
					return
				}
			}
		}
	}
	for _, c := range []struct {
		name   string
		refs   string
		answer func(io.Writer)
		words  string
	}{
		{"a ref that climbs", advert(caps, id, "refs/heads/main", "refs/heads/../../x"), nil, "whose name is none: refs/heads/../../x"},
		{"a ref that is a folder of git's", advert(caps, id, ".git/hooks"), nil, "whose name is none: .git/hooks"},
		{"a ref outside refs", advert(caps, id, "hooks/post-update"), nil, "whose name is none"},
		{"a ref that ends in .lock", advert(caps, id, "refs/heads/x.lock"), nil, "whose name is none"},
		{"a ref with control characters", advert(caps, id, "refs/heads/\x1b[2Jx"), nil, `refs/heads/\x1b[2Jx`},
		{"a long ref", advert(caps, id, "refs/heads/"+strings.Repeat("x", 60_000)), nil, "60011 bytes long"},
		{"a ref to nothing", fine[:len(fine)-4] + packet(oid.Zero.String()+" refs/heads/y\n") + "0000", nil, "points to nothing"},
		{"a shallow repository", fine[:len(fine)-4] + packet("shallow "+id.String()) + "0000", nil, "is a shallow one"},
		{"garbage", "HTTP/1.1 200 OK\r\n\r\n<html>", nil, "there is no git repository"},
		{"nothing", "", nil, "there is no git repository"},
		{"an error", packet("ERR access denied\n"), nil, "there is no git repository"},
		{"long ids", packet(strings.Repeat("a", 64)+" refs/heads/main\x00object-format=sha256\n") + "0000", nil, "there is no git repository"},
		{"endless refs", strings.Repeat(packet(id.String()+" refs/heads/main\x00\n"), 1) + strings.Repeat(packet(id.String()+" refs/heads/"+strings.Repeat("y", 1000)+"\n"), 40_000), nil, "lists more refs"},

		{"no pack", fine, after(nak + "0000"), "cut off"},
		{"garbage for a pack", fine, after(nak + banded(1, strings.Repeat("garbage!", 100)) + "0000"), "pack"},
		{"no answer to the wants", fine, after(packet("ERR not our ref\n")), "refused to send"},
		{"an error in band 3", fine, after(nak + banded(2, "Counting\r") + banded(3, "out of \x1b[31mmemory\n")), `given up: out of \x1b[31mmemory`},
		{"a fourth band", fine, after(nak + banded(7, "x")), "broken off"},
		{"a pack that is cut off", fine, after(nak + banded(1, good[:len(good)-9])), "cut off"},
		{"a pack whose sum is wrong", fine, after(nak + banded(1, good[:len(good)-1]+"\x00") + "0000"), "checksum"},
		{"a pack that lacks the tree", fine, after(nak + banded(1, packOf(commit)) + "0000"), "missing necessary objects"},
		{"a pack of something else", fine, after(nak + banded(1, packOf(tree)) + "0000"), "missing necessary objects"},
		{"a broken commit", fine, after(nak + banded(1, packOf([2]string{"commit", "tree x\n"})) + "0000"), "object"},
		{"a pack bomb", fine, after(nak + bomb() + "0000"), "receive.max_blob"},
		{"endless progress", fine, func(w io.Writer) { _, _ = io.WriteString(w, nak); endless(banded(2, strings.Repeat("x", 60_000)))(w) }, "sends more than this server takes"},
		{"endless acknowledgments", fine, endless(strings.Repeat(packet("ACK "+id.String()+" common\n"), 1000)), "does not come to the point"},
		{"endless signs of life", fine, func(w io.Writer) { _, _ = io.WriteString(w, nak); endless(strings.Repeat("0005\x01", 10_000))(w) }, "sends more than this server takes"},
		{"an endless pack", fine, func(w io.Writer) {
			_, _ = io.WriteString(w, nak+banded(1, good[:12]))
			endless(banded(1, strings.Repeat("x", 60_000)))(w)
		}, "pack"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.o.Limits = Limits{Advertisement: 16 << 20, Answer: 32 << 20}
			s.o.Receive = receive.New(receive.Options{Journal: s.journal, Limits: receive.Limits{Pack: ingest.Limits{Blob: 1 << 20}}})
			answer := c.answer
			if answer == nil {
				answer = after("")
			}
			s.fails(speaks(t, c.refs, answer), c.words)
		})
	}
}

// bomb is a pack of one blob that unpacks to 256 MiB, in bands.
func bomb() string {
	var b bytes.Buffer
	b.Write(pack.AppendFileHeader(nil, 1))
	b.Write(pack.AppendHeader(nil, pack.Header{Type: plumbing.BlobObject, Size: 256 << 20}))
	z := zlib.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 256 {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	var out strings.Builder
	for data := b.Bytes(); len(data) > 0; {
		n := min(len(data), 60_000)
		out.WriteString(banded(1, string(data[:n])))
		data = data[n:]
	}
	return out.String()
}

func TestSlowServersAreGivenUp(t *testing.T) {
	id, _, _ := commitOf()
	fine := advert(caps, id, "refs/heads/main")
	trickle := func(text string) func(io.Writer) {
		return func(w io.Writer) {
			_, _ = io.WriteString(w, packet("NAK\n")+banded(1, "PACK\x00\x00\x00\x02\x00\x00\x00\x01"))
			for {
				if _, err := io.WriteString(w, text); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond) // this is what it is about
			}
		}
	}
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	for _, c := range []struct {
		name, address, words string
	}{
		{"says nothing at all", "git://" + serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }) + "/x", "there is no git repository"},
		{"says nothing in place of a pack", speaks(t, fine, func(io.Writer) {
			select {
			case <-silent:
			case <-t.Context().Done():
			}
		}), "sends nothing"},
		{"trickles", speaks(t, fine, trickle(banded(1, "x"))), "too little"},
		{"gives signs of life", speaks(t, fine, trickle("0005\x01")), "too little"},
	} {
		s := newStand(t)
		s.o.Limits = Limits{Silence: 150 * time.Millisecond}
		begun := time.Now()
		s.fails(c.address, c.words)
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("%s: it took %s", c.name, took)
		}
	}
	s := newStand(t)
	s.o.Limits = Limits{Time: 300 * time.Millisecond, Silence: time.Hour}
	s.fails(speaks(t, fine, trickle(banded(1, "x"))), "took longer than 300ms")
}

func TestHTTPServersThatLeadAway(t *testing.T) {
	root, _ := there(t)
	b := backend(t, root)
	var secrets atomic.Int32
	watched := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			secrets.Add(1)
		}
		b.Config.Handler.ServeHTTP(w, r)
	}))
	defer watched.Close()
	to := ""
	lead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+strings.TrimPrefix(r.URL.RequestURI(), "/app"), http.StatusFound)
	}))
	defer lead.Close()
	address := strings.Replace(lead.URL, "://", "://ada:secret@", 1) + "/app"
	d := outgoing.New(outgoing.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Blur: time.Millisecond})
	for _, c := range []struct{ name, to, words string }{
		{"a loop", lead.URL + "/app", "there is no git repository"},
		{"a cloud's metadata", "http://169.254.169.254/latest", "there is no git repository"},
		{"a file", "file:///etc", "there is no git repository"},
		{"git", "git://127.0.0.1/x", "there is no git repository"},
		{"another host", watched.URL + "/app", ""},
	} {
		to = c.to
		s := newStand(t)
		s.o.Dial, s.o.HTTP = d.DialContext, d.Client(outgoing.ClientOptions{Redirects: 5})
		if c.words != "" {
			s.fails(address, c.words)
			continue
		}
		if _, err := s.pull(address); err != nil {
			t.Errorf("%s: %v; %s", c.name, err, s.log)
		}
	}
	if secrets.Load() != 0 {
		t.Errorf("another host was told the password %d times", secrets.Load())
	}
	// Whatever is refused before anything is dialled.
	s := newStand(t)
	inside := outgoing.New(outgoing.Policy{Blur: time.Millisecond})
	s.o.Dial, s.o.HTTP = inside.DialContext, inside.Client(outgoing.ClientOptions{Redirects: 5})
	for _, address := range []string{b.URL + "/app", "git://" + daemon(t, root) + "/app", "ssh://git:secret@127.0.0.1/app", "https://127.0.0.1/app", "http://[::ffff:127.0.0.1]/app", "git://localhost/app"} {
		s.fails(address, ErrUnreachable.Error())
	}
}

// A server that has shown nothing is told of in the same words, and after whole times.
func TestWhatAnswersWhereIsNotTold(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	locked := httptest.NewServer(signedIn(http.NotFoundHandler()))
	defer locked.Close()
	mail := serve(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n") })
	closed, _ := net.Listen("tcp", "127.0.0.1:0")
	nobody := closed.Addr().String()
	_ = closed.Close()
	for _, address := range []string{
		web.URL + "/x", locked.URL + "/x", "http://" + mail + "/x", "https://" + mail + "/x", "git://" + mail + "/x", "ssh://git:secret@" + mail + "/x",
		"http://" + nobody + "/x", "git://" + nobody + "/x", "ssh://git@" + nobody + "/x", "https://" + strings.TrimPrefix(web.URL, "http://") + "/x",
	} {
		s := newStand(t)
		s.o.Blur = 30 * time.Millisecond
		begun := time.Now()
		s.fails(address, ErrUnreachable.Error())
		if took := time.Since(begun); took < s.o.Blur {
			t.Errorf("%s: it is told after %s", address, took)
		}
	}
}
