package sshd

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"jeton/vcs/receive"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/upload"
)

// TestAServerThatEndsLetsCommandsEndAndNoneBegin asks a server to end while a command runs.
func TestAServerThatEndsLetsCommandsEndAndNoneBegin(t *testing.T) {
	key, began, release := newSigner(t), make(chan struct{}), make(chan struct{})
	s, err := New(Options{Repos: nothing{}, Auth: &keeper{keys: map[string]string{string(key.PublicKey().Marshal()): "ada"}}, HostKeyDir: t.TempDir(),
		Upload: upload.New(upload.Options{}), Receive: receive.New(receive.Options{}),
		Services: map[string]Service{"git-upload-archive": func(_ context.Context, _ storage.Repository, _ rules.Rules, _ io.Reader, out io.Writer) error {
			close(began)
			<-release
			_, err := io.WriteString(out, "whole")
			return err
		}}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served, over := make(chan error, 1), make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), l) }()
	client, err := dial(l.Addr().String(), gossh.Config{}, gossh.PublicKeys(key))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	running, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := running.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Start("git upload-archive 'app'"); err != nil {
		t.Fatal(err)
	}
	ended(t, "the command has not begun", began)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() { over <- s.Shutdown(ctx) }()
	if err := <-served; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	late, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	late.Stderr = &words
	if err := late.Run(""); err == nil || !strings.Contains(words.String(), "the server is about to end") {
		t.Errorf("a command that came late: %v %q", err, &words)
	}
	close(release)
	if text, err := io.ReadAll(answer); err != nil || string(text) != "whole" {
		t.Errorf("the command that ran answered %q, %v", text, err)
	}
	if err := <-over; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// TestAServerThatWasEndedTakesNoConnections ends a server before Serve has begun, and while it begins.
func TestAServerThatWasEndedTakesNoConnections(t *testing.T) {
	keys := t.TempDir()
	for i := range 50 {
		s, err := New(Options{Repos: nothing{}, Auth: &keeper{}, HostKeyDir: keys, Upload: upload.New(upload.Options{}), Receive: receive.New(receive.Options{})})
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan struct{})
		serve := func() {
			defer close(served)
			if err := s.Serve(t.Context(), l); err != nil {
				t.Errorf("Serve ended with %v", err)
			}
		}
		if i > 0 {
			go serve()
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if i == 0 {
			go serve()
		}
		ended(t, "the server still takes connections", served)
		if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
			_ = c.Close()
			t.Error("a connection was taken")
		}
	}
}
