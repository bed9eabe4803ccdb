package sshd

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// TestAClientMaySendOnUntilItHasReadHowItEnded has a command end, well or not, before its client has said all.
func TestAClientMaySendOnUntilItHasReadHowItEnded(t *testing.T) {
	for name, fails := range map[string]error{"well": nil, "not well": errors.New("no")} {
		key := newSigner(t)
		addr := serve(t, &keeper{keys: map[string]string{string(key.PublicKey().Marshal()): "ada"}}, func(o *Options) {
			o.Services = map[string]Service{"git-upload-archive": func(_ context.Context, _ storage.Repository, _ rules.Rules, _ io.Reader, out io.Writer) error {
				_, err := io.WriteString(out, "why")
				return errors.Join(err, fails)
			}}
		})
		client, err := dial(addr, gossh.Config{}, gossh.PublicKeys(key))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		ses, err := client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		in, err := ses.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := ses.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := ses.Start("git-upload-archive 'app'"); err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(out); err != nil || string(text) != "why" {
			t.Errorf("%s: read %q, %v", name, text, err)
		}
		if _, err := io.WriteString(in, "more"); err != nil {
			t.Errorf("%s: what the client still had to send: %v", name, err)
		}
		begin := time.Now()
		if err := in.Close(); err != nil {
			t.Errorf("%s: the client ends its side: %v", name, err)
		}
		var status *gossh.ExitError
		if err := ses.Wait(); (fails != nil) != errors.As(err, &status) {
			t.Errorf("%s: ended with %v", name, err)
		}
		if took := time.Since(begin); took > soon {
			t.Errorf("%s: closed %s after the client had ended its side", name, took)
		}
	}
}
