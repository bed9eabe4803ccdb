package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// spaces is a body of so many blanks, whose length is not told.
type spaces struct{ left int64 }

func (s *spaces) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.left))
	for i := range p[:n] {
		p[i] = ' '
	}
	s.left -= int64(n)
	return n, nil
}

func TestAPIHostileJSONIsAClearError(t *testing.T) {
	t.Parallel()
	s := start(t)
	frame := func(args string) string {
		return fmt.Sprintf(`{"id":"x y","auth_token":"%s","method":"get_repo","args":%s}`, s.Tokens["api"], args)
	}
	for _, row := range []struct{ name, body, id, words string }{
		{"100 levels deep", frame(`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`), `"x y"`, "more than 64 deep"},
		{"100,000 levels deep", frame(strings.Repeat("[", 100_000)), `"x y"`, "JSON parse error"},
		{"100,000 levels of objects", frame(strings.Repeat(`{"a":`, 100_000)), `"x y"`, "JSON parse error"},
		{"a key twice", frame(`{"a":1,"a":2}`), `"x y"`, "twice in one object"},
		{"a key twice, one escaped", frame(`{"a":1,"\u0061":2}`), `"x y"`, "twice in one object"},
		{"NUL", frame(`{"repoid":"a\u0000b"}`), `"x y"`, "holds a NUL character"},
		{"a raw NUL", frame("{\"a\":\"\x00\"}"), `"x y"`, "not expected there"},
		{"invalid UTF-8", frame("{\"a\":\"\xc3\x28\"}"), `"x y"`, "not UTF-8"},
		{"half of a surrogate pair", frame(`{"a":"\udc00"}`), `"x y"`, "JSON parse error"},
		{"a number beyond 2^53 as a name", frame(`{"repoid":9007199254740993}`), `"x y"`, "beyond 2^53"},
		{"a number of a million digits", frame(`{"repoid":` + strings.Repeat("9", 1_000_000) + `}`), `"x y"`, "beyond 2^53"},
		{"an id beyond 2^53", `{"id":90071992547409931234,"method":"x","args":{}}`, `90071992547409931234`, "No such method"},
		{"300,000 keys", frame(`{` + keys(100_000) + `}`), `"x y"`, "Missing non optional"},
		{"a batch", "[" + frame("{}") + "]", "null", "batches are not taken"},
		{"a byte order mark", "\xef\xbb\xbf" + frame("{}"), "null", "byte order mark"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "null", "JSON parse error"},
		{"something behind", frame("{}") + "{}", `"x y"`, "behind the object"},
		{"keys in another case", `{"ID":1,"AUTH_TOKEN":"x","METHOD":"get_ip","ARGS":{}}`, "null", "Missing 'id'"},
		{"a terminal's codes", `{"id":1,"auth_token":"x","method":"\u001b]0;x\u0007","args":{}}`, "1", `\\x1b]0;x\\x07`},
	} {
		t.Run(row.name, func(t *testing.T) {
			status, a, err := s.rpcBody([]byte(row.body))
			if err != nil {
				t.Fatal(err)
			}
			if status != http.StatusOK || string(a.ID) != row.id || string(a.Result) != "null" || !strings.Contains(string(a.Error), row.words) {
				t.Errorf("got %d, id %s, %s; want id %s and %q", status, a.ID, a.Error, row.id, row.words)
			}
			if strings.Contains(string(a.Error), s.Tokens["api"]) {
				t.Errorf("the error echoes the token: %s", a.Error)
			}
		})
	}
}

// keys are members of an object, each with another name.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%d":0,`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// TestAPIMemoryIsBounded sends bodies of 100 MB, told and untold, by many at a time, and largest bodies that are JSON.
func TestAPIMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_API_ADDRESS_CALLS=0")
	at := s.URL + "/_admin/api"
	send := func(body io.Reader, length int64) (int, error) {
		r, err := http.NewRequest(http.MethodPost, at, body)
		if err != nil {
			return 0, err
		}
		r.ContentLength = length
		res, err := apiClient.Do(r)
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
		return res.StatusCode, err
	}
	if _, err := send(strings.NewReader("{}"), 2); err != nil {
		t.Fatal(err)
	}
	before := s.memory(t, "VmHWM")
	deep := `{"id":1,"args":{` + keys(90_000) + `}}`
	var wait sync.WaitGroup
	for i := range 48 {
		wait.Go(func() {
			body, length := io.Reader(&spaces{100 << 20}), int64(-1)
			switch i % 3 {
			case 1:
				length = 100 << 20
			case 2:
				body, length = strings.NewReader(deep), int64(len(deep))
			}
			// A server that does not read on may cut the connection before its answer is read; that is no answer either.
			if status, err := send(body, length); err == nil && status != 413 && status != 503 && (status != 200 || i%3 != 2) {
				t.Errorf("body %d was answered %d", i, status)
			}
		})
	}
	wait.Wait()
	if more := (s.memory(t, "VmHWM") - before) >> 10; more > 400 {
		t.Errorf("the server took %d MiB more", more)
	}
	if status, err := send(strings.NewReader("{}"), 2); status != 200 || err != nil {
		t.Errorf("afterwards: %d, %v", status, err)
	}
}

func TestAPISlowBodiesAreGivenUp(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_API_BODY_TIME=200ms")
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /_admin/api HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\n\r\n{", u.Host)
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
	var b bytes.Buffer
	_, _ = io.Copy(&b, c) // until the server closes it
	_, text, _ := strings.Cut(b.String(), "\r\n\r\n")
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil || !strings.HasPrefix(b.String(), "HTTP/1.1 503 ") || !strings.Contains(a.text(), "did not arrive within 200ms") {
		t.Errorf("got %s", &b)
	}
}
