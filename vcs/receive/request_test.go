package receive

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// pkt frames payloads as they are.
func pkt(payloads ...string) string {
	var b strings.Builder
	for _, p := range payloads {
		fmt.Fprintf(&b, "%04x%s", len(p)+4, p)
	}
	return b.String()
}

func TestPushOptionsAreKeptAndBounded(t *testing.T) {
	for _, c := range []struct {
		name, options string
		want          []string
		words         string
	}{
		{"some", pkt("ci.skip\n", "a=b c", "") + "0000", []string{"ci.skip", "a=b c", ""}, ""},
		{"none", "0000", nil, ""},
		{"bytes that are no text", pkt("\x1b[31m\xff") + "0000", []string{"\x1b[31m\xff"}, ""},
		{"too many", pkt("1", "2", "3", "4") + "0000", nil, "receive.max_push_options"},
		{"too long together", pkt(strings.Repeat("x", 60), strings.Repeat("y", 60)) + "0000", nil, "receive.max_push_option_bytes"},
		{"a NUL", pkt("a\x00b") + "0000", nil, "holds a NUL or a line feed"},
		{"a line feed", pkt("a\nb\n") + "0000", nil, "holds a NUL or a line feed"},
		{"no flush", pkt("a"), nil, "push options end before"},
		{"a delimiter", pkt("a") + "0001", nil, "push options end before"},
	} {
		s := newStand(t, Limits{Options: 3, OptionBytes: 100})
		objects := change(oid.Zero, "one")
		head := line(oid.Zero, objects[0].id(), "refs/heads/main", "report-status", "push-options") + "0000" + c.options
		pack := packOf(objects...)
		if c.words != "" {
			pack = nil
		}
		out, err := s.push(append([]byte(head), pack...))
		if c.words != "" {
			if err == nil || !strings.Contains(out, c.words) || len(s.journal.begun) != 0 {
				t.Errorf("%s: %q, %v; want %q", c.name, out, err, c.words)
			}
			continue
		}
		if err != nil || !strings.Contains(out, "ok refs/heads/main") || !slices.Equal(s.journal.begun[0].Options, c.want) {
			t.Errorf("%s: %q, %v, kept %+v", c.name, out, err, s.journal.begun)
		}
	}
}

func TestOptionsAreReadOnlyWhereTheClientNamesThem(t *testing.T) {
	s := newStand(t, Limits{})
	objects := change(oid.Zero, "one")
	out, err := s.push(request(packOf(objects...), line(oid.Zero, objects[0].id(), "refs/heads/main", "report-status")))
	if err != nil || !strings.Contains(out, "ok refs/heads/main") || s.journal.begun[0].Options != nil {
		t.Errorf("%q, %v, %+v", out, err, s.journal.begun)
	}
}

// signing is a stand whose server asks for signatures.
func signing(t *testing.T) *stand {
	s := newStand(t, Limits{})
	s.server = New(Options{Journal: s.journal, NonceKey: []byte("key"), NonceSlop: time.Minute})
	return s
}

// serve is push with a session of one's own.
func (s *stand) serve(ses Session, request []byte) (string, error) {
	var out bytes.Buffer
	ses.Repo, ses.Actor, ses.Recheck = s.repo, storage.Actor{ID: "u1", Name: "ada", Line: "token:t1"}, func(context.Context) error { return s.recheck }
	err := s.server.Serve(ctx, ses, bytes.NewReader(request), &out)
	return out.String(), err
}

// signedPush is a push certificate in packets, as git sends it.
func signedPush(caps, text string) string {
	var b strings.Builder
	b.WriteString(pkt("push-cert\x00" + caps))
	for l := range strings.Lines(text) {
		b.WriteString(pkt(l))
	}
	return b.String() + pkt("push-cert-end\n")
}

func TestSignedPushes(t *testing.T) {
	objects := change(oid.Zero, "one")
	p := packOf(objects...)
	command := oid.Zero.String() + " " + objects[0].id().String() + " refs/heads/main"
	key := nonces{key: []byte("key")}
	old := key.mint("id", time.Now().Add(-time.Hour))
	now := key.mint("id", time.Now())
	options := pkt("x") + "0000"
	for _, c := range []struct {
		name, request, words string
	}{
		{"with the nonce of now", signedPush("report-status", certificateOf(now, nil, command)) + "0000", ""},
		{"with an option", signedPush("report-status push-options", certificateOf(now, []string{"x"}, command)) + "0000" + options, ""},
		{"with an old nonce", signedPush("report-status", certificateOf(old, nil, command)) + "0000", "receive.cert_nonce_slop"},
		{"with a nonce of somebody else", signedPush("report-status", certificateOf("1-2", nil, command)) + "0000", "nonce is not of this server"},
		{"with other options", signedPush("report-status push-options", certificateOf(now, []string{"y"}, command)) + "0000" + options, "inconsistent push options"},
		{"with options that were not signed", signedPush("report-status push-options", certificateOf(now, nil, command)) + "0000" + options, "inconsistent push options"},
		{"with signed options that were not sent", signedPush("report-status", certificateOf(now, []string{"x"}, command)) + "0000", "inconsistent push options"},
		{"with a command beside it", signedPush("report-status", certificateOf(now, nil, command)) + pkt(command+"2") + "0000", "both push certificate and unsigned commands"},
		{"with a command before it", line(oid.Zero, objects[0].id(), "refs/heads/other", "report-status") + signedPush("", certificateOf(now, nil, command)) + "0000", "both push certificate and unsigned commands"},
		{"twice", signedPush("report-status", certificateOf(now, nil, command)) + signedPush("", certificateOf(now, nil, command)) + "0000", "both push certificate"},
		{"cut off", pkt("push-cert\x00report-status", certificateVersion+"\n") + "0000", "ends before push-cert-end"},
		{"ended early", pkt("push-cert\x00report-status", certificateVersion+"\n"), "ends before push-cert-end"},
		{"too large", pkt("push-cert\x00report-status") + strings.Repeat(pkt(strings.Repeat("x", 65000)), maxCertificate/65000+1), "push certificate is larger"},
		{"with a command that is none", signedPush("report-status", certificateOf(now, nil, "nonsense")) + "0000", "expected old/new/ref"},
		{"unsigned", signedPush("report-status", strings.TrimSuffix(certificateOf(now, nil, command), signature)) + "0000", "it is not signed"},
	} {
		s := signing(t)
		pack := p
		if c.words != "" {
			pack = nil
		}
		out, err := s.serve(Session{Stateless: true}, append([]byte(c.request), pack...))
		if c.words != "" {
			if err == nil || !strings.Contains(out, "ERR "+"") || !strings.Contains(out, c.words) || len(s.journal.begun) != 0 {
				t.Errorf("%s: %q, %v; want %q", c.name, out, err, c.words)
			}
			continue
		}
		if err != nil || !strings.Contains(out, "ok refs/heads/main") {
			t.Errorf("%s: %q, %v", c.name, out, err)
			continue
		}
		if k := s.journal.begun[0].Certificate; k == nil || k.NonceStatus != nonceOK && k.NonceStatus != nonceSlop || k.Nonce != now || k.Signer != "key 1700000000 +0000" || !strings.HasSuffix(k.Text, signature) {
			t.Errorf("%s: kept %+v", c.name, k)
		}
	}
}

func TestSignaturesCountOnlyWhereTheyWereAskedFor(t *testing.T) {
	objects := change(oid.Zero, "one")
	command := oid.Zero.String() + " " + objects[0].id().String() + " refs/heads/main"
	s := newStand(t, Limits{})
	text := certificateOf(nonces{}.mint("id", time.Now()), nil, command)
	if out, err := s.push(append([]byte(signedPush("report-status", text)+"0000"), packOf(objects...)...)); err == nil || !strings.Contains(out, "did not ask for") {
		t.Errorf("a server without a key: %q, %v", out, err)
	}
	s = signing(t)
	nonce := s.server.Nonce("id")
	for given, words := range map[string]string{nonce: "ok refs/heads/main", "": "did not ask for", nonces{key: []byte("key")}.mint("id", time.Unix(1, 0)): "not the one that was given out"} {
		s := signing(t)
		out, _ := s.serve(Session{Nonce: given}, append([]byte(signedPush("report-status", certificateOf(nonce, nil, command))+"0000"), packOf(objects...)...))
		if !strings.Contains(out, words) {
			t.Errorf("over a connection that gave out %q: %q, want %q", given, out, words)
		}
	}
}

func TestAdvertisementsAskForSignaturesWhereTheyCanBeJudged(t *testing.T) {
	s := signing(t)
	for _, c := range []struct {
		name string
		ses  Session
		want bool
	}{
		{"over HTTP", Session{Stateless: true, Repo: s.repo}, true},
		{"over SSH", Session{Repo: s.repo, Nonce: s.server.Nonce("id")}, true},
		{"over a connection that keeps no nonce", Session{Repo: s.repo}, false},
		{"where nothing is yet", Session{Stateless: true}, false},
	} {
		var out bytes.Buffer
		if err := s.server.Advertise(ctx, c.ses, &out); err != nil {
			t.Fatal(err)
		}
		_, caps, _ := strings.Cut(out.String(), "\x00")
		nonce, got := wire.ParseCaps(strings.TrimSuffix(caps, "\n0000")).Value("push-cert")
		if got != c.want || got && !strings.Contains(nonce, "-") {
			t.Errorf("%s: %q", c.name, out.String())
		}
		if sid, ok := wire.ParseCaps(caps).Value("session-id"); !ok || len(sid) < 20 || !strings.Contains(caps, "push-options") {
			t.Errorf("%s: %q", c.name, out.String())
		}
	}
}

func TestAFatalAnswerGoesIntoTheBandThatTheClientReads(t *testing.T) {
	s := newStand(t, Limits{Commands: 1})
	out, err := s.push(request(nil, line(oid.Zero, oid.ID{1}, "refs/heads/x", "report-status", "side-band-64k"), line(oid.Zero, oid.ID{1}, "refs/heads/y")))
	if err == nil || !strings.Contains(out, "\x03more than 1 refs in one push") || strings.Contains(out, "ERR ") {
		t.Errorf("%q, %v", out, err)
	}
}
