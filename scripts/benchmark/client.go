package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// pkt frames one line as gitprotocol-common has it.
func pkt(line string) string { return fmt.Sprintf("%04x%s", len(line)+4, line) }

// drainClone asks for everything as `git clone --mirror` would with protocol 2, and reads the answer without looking
// at the pack: what the client does with it is not the server's cost. It returns the bytes of both answers.
func drainClone(s *server, repo string) (int64, error) {
	refs, err := post(s, repo, pkt("command=ls-refs\n")+pkt("object-format=sha1")+"0001"+pkt("peel\n")+pkt("symrefs\n")+"0000")
	if err != nil {
		return 0, err
	}
	listed, err := io.ReadAll(refs)
	_ = refs.Close()
	if err != nil {
		return 0, fmt.Errorf("read refs: %w", err)
	}
	var ask strings.Builder
	ask.WriteString(pkt("command=fetch") + pkt("object-format=sha1") + "0001" + pkt("thin-pack") + pkt("ofs-delta"))
	seen := map[string]bool{}
	for _, line := range lines(listed) {
		id, _, ok := strings.Cut(line, " ")
		if ok && !seen[id] {
			seen[id] = true
			ask.WriteString(pkt("want " + id + "\n"))
		}
	}
	ask.WriteString(pkt("done\n") + "0000")
	pack, err := post(s, repo, ask.String())
	if err != nil {
		return 0, err
	}
	defer pack.Close()
	head := make([]byte, 1<<10)
	n, err := io.ReadFull(pack, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return 0, fmt.Errorf("read the pack: %w", err)
	}
	if !bytes.Contains(head[:n], []byte("packfile")) {
		return 0, fmt.Errorf("%s answered without a pack: %q", s.name, head[:min(n, 200)])
	}
	rest, err := io.Copy(io.Discard, pack)
	return int64(len(listed)+n) + rest, err
}

// post sends a protocol 2 request to git-upload-pack.
func post(s *server, repo, body string) (io.ReadCloser, error) {
	req, err := http.NewRequest(http.MethodPost, s.base+"/"+repo+"/git-upload-pack", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	req.Header.Set("Accept", "application/x-git-upload-pack-result")
	req.Header.Set("Git-Protocol", "version=2")
	if s.token != "" {
		req.SetBasicAuth("git", s.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		_ = res.Body.Close()
		return nil, fmt.Errorf("%s answered %s: %s", s.name, res.Status, text)
	}
	return res.Body, nil
}

// lines takes the payloads out of a run of pkt-lines.
func lines(b []byte) []string {
	var all []string
	for len(b) >= 4 {
		var n int
		if _, err := fmt.Sscanf(string(b[:4]), "%04x", &n); err != nil || n > len(b) {
			return all
		}
		if n < 4 {
			b = b[4:]
			continue
		}
		all = append(all, strings.TrimSuffix(string(b[4:n]), "\n"))
		b = b[n:]
	}
	return all
}
