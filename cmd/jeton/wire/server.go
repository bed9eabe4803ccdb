package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"jeton/cmd/jeton/control"
	"jeton/vcs/smarthttp"
	"jeton/vcs/sshd"
	"jeton/web"
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

func (v *Server) listenHTTP(ctx context.Context, version string) error {
	set := v.store.settings
	proxies, err := prefixes(set.List("server.trusted_proxies"))
	if err != nil {
		return err
	}
	certificate, err := tlsConfig(set.Text("server.tls_cert"), set.Text("server.tls_key"))
	if err != nil {
		return err
	}
	safe := certificate != nil || len(proxies) > 0 || set.On("server.plain_http")
	var lc net.ListenConfig
	if v.httpLn, err = lc.Listen(ctx, "tcp", set.Text("server.http")); err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	if at := v.httpLn.Addr(); !safe && !address(at).IsLoopback() {
		return fmt.Errorf("HTTP on %s could be reached by others without TLS, who could then read passwords and tokens: set server.tls_cert "+
			"and server.tls_key, or server.trusted_proxies where a proxy speaks TLS, or allow it with server.plain_http", at)
	}
	scheme := "http"
	if certificate != nil {
		scheme = "https"
		v.httpLn = tls.NewListener(v.httpLn, certificate)
	}
	v.URL = strings.TrimSuffix(set.Text("server.url"), "/")
	if v.URL == "" {
		v.URL = scheme + "://" + reachable(v.httpLn.Addr())
	}
	at, err := url.Parse(v.URL)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return fmt.Errorf("server.url = %q is not an address that begins with http:// or https://", v.URL)
	}
	v.http = v.handler(at, proxies, version)
	return nil
}

// handler assembles all that answers over HTTP.
func (v *Server) handler(at *url.URL, proxies []netip.Prefix, version string) *http.Server {
	s := v.store
	patience := s.settings.Duration("receive.patience")
	d := door.New(door.Options{Gate: s.Gate, Creator: s.Host, Proxies: proxies})
	git := smarthttp.New(smarthttp.Options{Upload: s.Upload, Receive: s.Receive, Door: d, Repos: s.Host, Log: s.Log, Patience: patience,
		MaxRequest: s.settings.Bytes("fetch.max_request")})
	return &http.Server{
		Handler:           web.New(web.Options{Git: git, Gate: d, URL: at, Version: version, Patience: patience, Log: s.Log}),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		// What clients do wrong in TLS and HTTP itself is no error of ours.
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
}

func (v *Server) listenSSH(ctx context.Context) (err error) {
	s := v.store
	v.ssh, err = sshd.New(sshd.Options{Auth: sshAuth{s.Gate, s.Host}, Upload: s.Upload, Receive: s.Receive, Repos: s.Host,
		HostKeyDir: filepath.Join(s.Dir, "ssh"), Log: s.Log, Limits: sshLimits(s.settings)})
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	if v.sshLn, err = lc.Listen(ctx, "tcp", s.settings.Text("ssh.listen")); err != nil {
		return fmt.Errorf("listen for SSH: %w", err)
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
	g.Go(func() error { return v.sweep(ctx) })
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

func prefixes(list []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			s = netip.PrefixFrom(a, a.BitLen()).String()
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("server.trusted_proxies: %q is neither a network such as 10.0.0.0/8 nor an address", s)
		}
		all = append(all, p)
	}
	return all, nil
}

// tlsConfig reads certificate and key; nil where neither is set.
func tlsConfig(cert, key string) (*tls.Config, error) {
	if cert == "" && key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read server.tls_cert and server.tls_key: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
