package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"jeton/cmd/jeton/control"
	"jeton/vcs/sshd"
	"jeton/web/bearer"
	"jeton/web/door"
)

// farewell is how long clones and pushes that run may go on when the server is asked to end.
const farewell = 20 * time.Second

// Server is a Store with its ports open.
type Server struct {
	// URL is where clients reach HTTP, without a slash at its end; SSH is the address of SSH as a URL, "" without it.
	URL, SSH string

	store   *Store
	http    *http.Server
	bearer  *bearer.Handler
	httpLn  net.Listener
	ssh     *sshd.Server
	sshLn   net.Listener
	control *control.Socket
}

// Listen opens the ports and the control socket of a store. The ports answer once Run runs; whoever connects before
// waits in the system's queue. version is shown to clients.
func Listen(ctx context.Context, s *Store, ops control.Registry, version string) (_ *Server, err error) {
	v := &Server{store: s}
	defer func() {
		if err != nil {
			v.drop()
		}
	}()
	if err := v.listenHTTP(ctx, version); err != nil {
		return nil, err
	}
	if s.settings.On("ssh.enabled") {
		if err := v.listenSSH(ctx); err != nil {
			return nil, err
		}
	}
	s.addresses.Store(&addresses{v.URL, v.SSH})
	if v.control, err = control.Listen(s.Dir, ops, s.Log); err != nil {
		return nil, err
	}
	return v, nil
}

// drop closes what Listen had opened when it failed.
func (v *Server) drop() {
	for _, ln := range []net.Listener{v.httpLn, v.sshLn} {
		if ln != nil {
			_ = ln.Close()
		}
	}
}

func (v *Server) listenSSH(ctx context.Context) (err error) {
	s := v.store
	v.ssh, err = sshd.New(sshd.Options{Auth: watchedSSH{sshAuth{s.Gate, s.Host, v.notices()}, s}, SignedIn: s.signedIn, Upload: s.Upload, Receive: s.Receive, Repos: s.Host,
		Services:   map[string]sshd.Service{"git-upload-archive": s.Archive.Serve},
		HostKeyDir: filepath.Join(s.Dir, "ssh"), Log: s.Log, Limits: sshLimits(s.settings)})
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	if v.sshLn, err = lc.Listen(ctx, "tcp", s.settings.Text("ssh.listen")); err != nil {
		return fmt.Errorf("listen for SSH: %w", err)
	}
	if s.settings.On("ssh.proxy_protocol") {
		proxies, err := trustedProxies(s.settings)
		if err != nil {
			return err
		}
		if v.sshLn, err = newProxied(v.sshLn, proxies, "ssh.proxy_protocol"); err != nil {
			return err
		}
	}
	at := reachable(v.sshLn.Addr())
	if public := s.settings.Text("server.url"); public != "" {
		if u, err := url.Parse(public); err == nil && u.Hostname() != "" {
			_, port, _ := net.SplitHostPort(at)
			at = net.JoinHostPort(u.Hostname(), port)
		}
	}
	v.SSH = "ssh://git@" + at
	return nil
}

// notices is what clients are told of their tokens.
func (v *Server) notices() door.Notices {
	if !v.store.settings.On("token.notices") {
		return door.Notices{}
	}
	return door.Notices{URL: v.URL}
}

// Run serves until ctx ends, and then lets what runs come to its end, for a while.
func (v *Server) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := v.http.Serve(v.httpLn); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve HTTP: %w", err)
		}
		return nil
	})
	if v.ssh != nil {
		g.Go(func() error { return v.ssh.Serve(ctx, v.sshLn) })
	}
	g.Go(v.control.Serve)
	for _, f := range v.store.journal.followers {
		g.Go(func() error { return f.Run(ctx) })
	}
	g.Go(func() error { return v.store.Receive.Run(ctx) })
	g.Go(func() error { return v.store.Hooks.Run(ctx) })
	g.Go(func() error { return v.store.Jobs.Run(ctx) })
	g.Go(func() error { return v.sweep(ctx) })
	g.Go(func() error { return v.unseal(ctx) })
	g.Go(func() error { return v.keepUp(ctx) })
	g.Go(func() error {
		<-ctx.Done()
		v.shutdown(context.WithoutCancel(ctx))
		return nil
	})
	return g.Wait()
}

// shutdown ends all three servers side by side; what has not ended by then is cut off.
func (v *Server) shutdown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	var g errgroup.Group
	g.Go(func() error {
		if err := v.http.Shutdown(ctx); err != nil {
			return errors.Join(err, v.http.Close())
		}
		return nil
	})
	if v.ssh != nil {
		g.Go(func() error { return v.ssh.Shutdown(ctx) })
	}
	g.Go(func() error { return v.control.Shutdown(ctx) })
	if err := g.Wait(); err != nil {
		v.store.Log.WarnContext(ctx, "the server ended before all that ran in it", "error", err)
	}
	v.bearer.Close()
}

// sweep removes once a day what has been kept for long enough.
func (v *Server) sweep(ctx context.Context) error {
	every := time.NewTicker(24 * time.Hour)
	defer every.Stop()
	for {
		v.store.sweep(ctx)
		select {
		case <-every.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// reachable is an address as a client on this machine dials it.
func reachable(a net.Addr) string {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil || !p.Addr().IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(p.Port()))
}
