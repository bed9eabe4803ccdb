package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// get asks a server for an address below it, with a token unless that is empty, and reads the answer without looking at it.
// It returns how long that is, and its entity tag.
func get(s *server, path, token string, status int, headers ...string) (n int64, tag string, err error) {
	req, err := http.NewRequest(http.MethodGet, s.base+path, nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Accept-Encoding", "gzip") // set by hand, so that nothing is unpacked here
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	if res.StatusCode != status {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		return 0, "", fmt.Errorf("%s answered %s: %s", s.name, res.Status, text)
	}
	n, err = io.Copy(io.Discard, res.Body)
	return n, res.Header.Get("ETag"), err
}

// Where the reference answers other than http-backend would.
const (
	diffPath    = "/-/diff/"    // REPO/COMMIT: what `git diff` prints of a commit
	archivePath = "/-/archive/" // REPO/REVISION.FORMAT: what `git archive` writes
	emptyPath   = "/-/empty"    // nothing, as cheaply as net/http can
)

// serveGit answers with what git writes, a process for each request, as every server on git does. The process is given the
// connection itself, so that no copying is counted as git's work; what ends early is told on stderr alone.
func serveGit(root string, w http.ResponseWriter, r *http.Request) {
	var cmd *exec.Cmd
	if rest, ok := strings.CutPrefix(r.URL.Path, diffPath); ok {
		repo, commit := filepath.Split(rest)
		cmd = exec.Command("git", "-C", filepath.Join(root, repo), "diff", "--binary", "--full-index", "-C", commit+"~1", commit)
	} else {
		repo, file := filepath.Split(strings.TrimPrefix(r.URL.Path, archivePath))
		rev, format, _ := strings.Cut(file, ".")
		cmd = exec.Command("git", "-C", filepath.Join(root, repo), "archive", "--format="+format, "--prefix=bench-"+rev+"/", rev)
	}
	cmd.Env, cmd.Stderr = gitEnv(), os.Stderr
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmark:", err)
		return
	}
	defer conn.Close()
	if err := hand(conn, out.Writer, cmd); err != nil {
		fmt.Fprintln(os.Stderr, strings.Join(cmd.Args, " ")+":", err)
	}
}

// hand has a command write into a connection, after a head that tells that its end is the answer's end.
func hand(conn net.Conn, head *bufio.Writer, cmd *exec.Cmd) error {
	fmt.Fprint(head, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
	if err := head.Flush(); err != nil {
		return err
	}
	file, err := conn.(*net.TCPConn).File()
	if err != nil {
		return err
	}
	defer file.Close()
	cmd.Stdout = file
	return cmd.Run()
}
