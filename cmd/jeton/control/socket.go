package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	socketName  = "control.sock"
	addressName = "control.addr"
	// maxPath is how long a socket's path may be: sockaddr_un has 108 bytes on Linux and 104 elsewhere (unix(7)).
	maxPath = 100
	// maxArgs bounds the arguments of an operation, in bytes.
	maxArgs = 1 << 20
)

// Socket is where a server listens for commands.
type Socket struct {
	server  *http.Server
	ln      net.Listener
	cleanup func()
}

// Listen opens the socket of a data folder, whose Lock the caller holds. Where the folder's path is too long for a socket,
// it lies in a private temporary folder, and control.addr in the data folder says where.
func Listen(dir string, r Registry, log *slog.Logger) (*Socket, error) {
	path, cleanup, err := place(dir)
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	// Until the mode is set, the umask and the data folder (made 0700) keep others out; the umask is the whole process's
	// and is not changed here.
	ln, err := net.Listen("unix", path)
	if err != nil {
		cleanup()
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = ln.Close()
		cleanup()
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /op/{name}", handler(r, log))
	s := &Socket{ln: ln, cleanup: cleanup, server: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}}
	return s, nil
}

// Serve answers commands until Shutdown.
func (s *Socket) Serve() error {
	if err := s.server.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// Shutdown ends the socket; operations that run are waited for until ctx ends.
func (s *Socket) Shutdown(ctx context.Context) error {
	defer s.cleanup()
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(err, s.server.Close())
	}
	return nil
}

// place finds the socket's path and clears away what a crash has left there.
func place(dir string) (path string, cleanup func(), err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	path, note := filepath.Join(dir, socketName), filepath.Join(dir, addressName)
	for _, old := range []string{path, note} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", nil, err
		}
	}
	if len(path) <= maxPath {
		return path, func() { _ = os.Remove(path) }, nil
	}
	private, err := os.MkdirTemp("", "jeton-")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(private, socketName)
	cleanup = func() { _ = os.RemoveAll(private); _ = os.Remove(note) }
	if err := os.WriteFile(note, []byte(path+"\n"), 0o600); err != nil {
		cleanup()
		return "", nil, err
	}
	return path, cleanup, nil
}

// answer is what comes back: one of the two is set.
type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *Error          `json:"error,omitempty"`
}

func handler(r Registry, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		name := req.PathValue("name")
		args, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxArgs))
		var a answer
		if err == nil {
			err = Local{Registry: r, Operator: req.Header.Get("Jeton-Operator")}.Call(req.Context(), name, json.RawMessage(args), &a.Result)
		}
		if err != nil {
			a = answer{Error: AsError(err)}
			log.InfoContext(req.Context(), "command refused", "operation", name, "code", a.Error.Code)
		} else {
			log.DebugContext(req.Context(), "command", "operation", name)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(a) // a caller that has gone away needs no answer
	})
}

// Client calls the operations of the server that runs over a data folder.
type Client struct {
	http     *http.Client
	operator string
}

// Dial connects to the server over a data folder. An error means that none answers there.
func Dial(ctx context.Context, dir, operator string) (*Client, error) {
	path, err := filepath.Abs(filepath.Join(dir, socketName))
	if err != nil {
		return nil, err
	}
	if note, err := os.ReadFile(filepath.Join(dir, addressName)); err == nil {
		path = strings.TrimSpace(string(note))
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("reach the server's control socket: %w", err)
	}
	_ = conn.Close() // it was only to see that somebody answers
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", path)
	}}
	return &Client{http: &http.Client{Transport: transport}, operator: operator}, nil
}

// Call implements Caller.
func (c *Client) Call(ctx context.Context, name string, args, result any) error {
	body, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("write the arguments of %s: %w", name, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://jeton/op/"+name, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	req.Header.Set("Jeton-Operator", c.operator)
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	var a answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if a.Error != nil {
		return a.Error
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(a.Result, result)
}

// Close lets go of the connections to the server.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// strictly reads one JSON value without unknown fields.
func strictly(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
