package pgtest

import (
	"bufio"
	"crypto/rand"
	_ "embed"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// Server is a PostgreSQL server.
type Server struct {
	// URL is that of its administrator.
	URL string
	// stop ends it, and ran is what runs it; nil for one that others have started.
	stop io.Closer
	ran  *exec.Cmd
}

// started is the server of this test process. It ends when the process does: its standard input is then closed.
var started = sync.OnceValues(func() (*Server, error) {
	if at := os.Getenv("JETON_TEST_POSTGRES"); at != "" {
		return &Server{URL: at}, nil
	}
	return Start()
})

//go:embed server.sh
var script string

// Start starts a server of one's own, for tests that stop it.
func Start() (*Server, error) {
	cmd := exec.Command("bash", "-c", script)
	said := &strings.Builder{}
	cmd.Stderr = said
	stop, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		return nil, fmt.Errorf("the server did not start: %s", strings.TrimSpace(said.String()))
	}
	return &Server{URL: strings.TrimSpace(line), stop: stop, ran: cmd}, nil
}

// Stop ends a server that Start has started, and removes what it kept.
func (s *Server) Stop() error {
	_ = s.stop.Close()
	return s.ran.Wait()
}

// At is the URL of one of the server's databases.
func (s *Server) At(database string) string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return s.URL
	}
	u.Path = "/" + database
	return u.String()
}

// create makes a database and answers its name.
func (s *Server) create(options string) (string, error) {
	name := "jeton_" + strings.ToLower(rand.Text())
	return name, do(s.URL, "CREATE DATABASE "+name+" "+options)
}
