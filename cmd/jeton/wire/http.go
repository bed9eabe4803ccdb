package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"jeton/cmd/jeton/config"
	"jeton/vcs/smarthttp"
	"jeton/web"
	"jeton/web/bearer"
	"jeton/web/door"
)

func (v *Server) listenHTTP(ctx context.Context, version string) error {
	set := v.store.settings
	proxies, err := trustedProxies(set)
	if err != nil {
		return err
	}
	origins, err := web.ParseOrigins(set.List("server.cors_origins"))
	if err != nil {
		return fmt.Errorf("server.cors_origins: %w", err)
	}
	certificate, err := tlsConfig(set.Text("server.tls_cert"), set.Text("server.tls_key"), set.On("server.http2"))
	if err != nil {
		return err
	}
	safe := certificate != nil || len(proxies.Networks) > 0 || set.On("server.plain_http")
	var lc net.ListenConfig
	if v.httpLn, err = lc.Listen(ctx, "tcp", set.Text("server.http")); err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	if at := v.httpLn.Addr(); !safe && !address(at).IsLoopback() {
		return fmt.Errorf("HTTP on %s could be reached by others without TLS, who could then read passwords and tokens: set server.tls_cert "+
			"and server.tls_key, or server.trusted_proxies where a proxy speaks TLS, or allow it with server.plain_http", at)
	}
	v.httpLn = newCrowd(v.httpLn, v.store.bounded("server.max_connections"), proxies)
	if set.On("server.proxy_protocol") {
		if v.httpLn, err = newProxied(v.httpLn, proxies, "server.proxy_protocol"); err != nil {
			return err
		}
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
	v.http, err = v.handler(web.Options{URL: at, Origins: origins, Version: version}, proxies)
	return err
}

// handler assembles all that answers over HTTP.
func (v *Server) handler(o web.Options, proxies door.Proxies) (*http.Server, error) {
	s := v.store
	d := door.New(door.Options{Gate: s.Gate, Creator: s.Host, Proxies: proxies, Notices: v.notices(), Log: s.Log, Guesses: door.Guesses{
		Burst: s.bounded("server.wrong_passwords"), Every: s.settings.Duration("server.wrong_password_wait")}})
	o.Git = smarthttp.New(smarthttp.Options{
		Upload: s.Upload, Receive: s.Receive, Archive: s.Archive, Door: watchedHTTP{d, s, d.Remote}, Repos: s.Host, Log: s.Log,
		Patience: s.settings.Duration("receive.patience"),
		Requests: s.bounded("server.max_concurrent"), PerClient: s.bounded("server.max_concurrent_per_client"),
		MaxRequest: s.settings.Bytes("fetch.max_request"), Drain: s.settings.Bytes("receive.drain"), DrainTime: s.settings.Duration("server.drain_time"),
	})
	v.bearer = bearer.New(bearer.Options{Door: d, Tokens: s.Tokens, URL: v.URL, Log: s.Log})
	calls, err := v.api(d)
	if err != nil {
		return nil, err
	}
	o.API = calls
	if o.REST, err = v.rest(calls, strings.TrimSuffix(o.URL.Path, "/"), o.Version); err != nil {
		return nil, err
	}
	o.Tokens, o.Views, o.Feeds, o.Statuses = v.bearer, v.views(d), v.feeds(o.URL), v.statuses(d)
	o.Gate, o.Log, o.Patience, o.Answered = d, s.Log, s.settings.Duration("receive.patience"), s.meters.traffic.Count
	return &http.Server{
		Handler: web.New(o), Protocols: protocols(s.settings),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		// Deadlines of requests end streams of HTTP/2; only these end a connection that takes nothing any more.
		HTTP2: &http.HTTP2Config{WriteByteTimeout: o.Patience, SendPingTimeout: time.Minute, PingTimeout: time.Minute, MaxConcurrentStreams: 128},
		// What clients do wrong in TLS and HTTP itself is no error of ours.
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}, nil
}

// protocols are the versions of HTTP that are spoken. HTTP/2 without TLS is for proxies that speak it (RFC 9113 section
// 3.3, "prior knowledge"); no git client asks for it by itself.
func protocols(set *config.Settings) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(set.On("server.http2"))
	p.SetUnencryptedHTTP2(set.On("server.h2c"))
	return p
}

// tlsConfig reads certificate and key; nil where neither is set. http2 offers HTTP/2 to clients that ask for it.
func tlsConfig(cert, key string, http2 bool) (*tls.Config, error) {
	if cert == "" && key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read server.tls_cert and server.tls_key: %w", err)
	}
	protocols := []string{"http/1.1"}
	if http2 {
		protocols = []string{"h2", "http/1.1"}
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: protocols}, nil
}
