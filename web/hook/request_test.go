package hook

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func plain(o Options) *Server {
	o.URL = func() string { return "https://code.example.com" }
	return New(o)
}

func made(t *testing.T, h Hook, e Event, b Bearer, now time.Time) (sent, string) {
	t.Helper()
	out, err := plain(Options{Version: "1"}).request(t.Context(), h, Delivery{ID: "d1"}, e, b, now)
	if err != nil {
		t.Fatal(err)
	}
	body := ""
	if out.http.Body != nil {
		raw, err := io.ReadAll(out.http.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = string(raw)
	}
	return out, body
}

func header(r *http.Request, name string) string { return strings.Join(r.Header[name], "|") }

func TestHeadersOfGitHub(t *testing.T) {
	h := Hook{ID: "h", RepoID: "r", URL: "https://ci.example.com/x?y=1", Form: GitHub, ContentType: JSON, Secret: NewSecret("It's a Secret to Everybody")}
	out, body := made(t, h, sample()["push"], Bearer{}, noon)
	for name, want := range map[string]string{"X-GitHub-Event": "push", "X-GitHub-Delivery": "d1", "Content-Type": "application/json",
		"User-Agent": "GitHub-Hookshot/jeton", "X-GitHub-Hook-Installation-Target-Type": "repository", "X-Gitea-Event": "", OldSignature: "",
		"X-Hub-Signature-256": "sha256=" + hexOf("sha256", "It's a Secret to Everybody", body), "X-Hub-Signature": "sha1=" + hexOf("sha1", "It's a Secret to Everybody", body)} {
		if got := header(out.http, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if out.http.Method != http.MethodPost || out.http.URL.String() != h.URL {
		t.Errorf("%s %s", out.http.Method, out.http.URL)
	}
	// GitHub's own test vector (docs, "Validating webhook deliveries").
	if got := hexOf("sha256", "It's a Secret to Everybody", "Hello, World!"); got != "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" {
		t.Errorf("the vector is signed %s", got)
	}
}

func TestHeadersOfGitea(t *testing.T) {
	h := Hook{ID: "h", URL: "https://ci.example.com/x", Form: Gitea, ContentType: FormData, Secret: NewSecret("new"), Old: NewSecret("old"), OldEnds: noon.Add(time.Hour)}
	out, body := made(t, h, sample()["tag"], Bearer{}, noon)
	form, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	text := form.Get("payload")
	if !strings.HasPrefix(text, `{"ref":"refs/tags/v1"`) || header(out.http, "Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("the body is %s", body)
	}
	own := hexOf("sha256", "new", text)
	for name, want := range map[string]string{"X-Gitea-Event": "push", "X-Gitea-Event-Type": "push", "X-Gitea-Delivery": "d1", "X-Gitea-Signature": own,
		"X-Gogs-Event": "push", "X-Gogs-Delivery": "d1", "X-Gogs-Signature": own, "X-GitHub-Event": "push", "X-GitHub-Delivery": "d1",
		"X-Hub-Signature-256": "sha256=" + hexOf("sha256", "new", body), OldSignature: "sha256=" + hexOf("sha256", "old", body), "User-Agent": "Jeton-Hook/1"} {
		if got := header(out.http, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if out, _ = made(t, h, sample()["tag"], Bearer{}, noon.Add(time.Hour)); header(out.http, OldSignature) != "" {
		t.Error("the old secret signs behind its end")
	}
	h.Secret, h.Old = Secret{}, Secret{}
	if out, _ = made(t, h, sample()["tag"], Bearer{}, noon); header(out.http, "X-Gitea-Signature") != "" || header(out.http, "X-Hub-Signature") != "" {
		t.Error("without a secret something is signed")
	}
}

// TestStandardWebhooksVerify asks the library of Standard Webhooks whether it takes what is sent, under the new secret and the old one.
func TestStandardWebhooksVerify(t *testing.T) {
	now := time.Now()
	h := Hook{ID: "h", URL: "https://ci.example.com/x", Form: Standard, ContentType: JSON, Secret: MakeSecret(Standard), Old: MakeSecret(Standard), OldEnds: now.Add(time.Hour)}
	out, body := made(t, h, sample()["push"], Bearer{}, now)
	for name, secret := range map[string]Secret{"new": h.Secret, "old": h.Old, "another": MakeSecret(Standard)} {
		w, err := standardwebhooks.NewWebhook(secret.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		head := http.Header{}
		for name, values := range out.http.Header {
			head.Set(name, values[0])
		}
		if err := w.Verify([]byte(body), head); (err == nil) != (name != "another") {
			t.Errorf("%s secret: %v", name, err)
		}
		if err := w.Verify([]byte(body+" "), head); err == nil {
			t.Errorf("%s secret: a changed body is taken", name)
		}
	}
	if !strings.HasPrefix(body, `{"type":"push","timestamp":"2026-11-26T12:00:00Z","data":{"ref":"refs/heads/main"`) {
		t.Errorf("the body begins %.100s", body)
	}
	for name, want := range map[string]string{"push": "push", "create": "branch.created", "tag_delete": "tag.deleted", "renamed": "repository.renamed",
		"fork": "repository.forked", "decoy": "token.decoy_tried", "expiring": "token.expiring", "tag": "tag", "ping": "ping"} {
		if got := (payload{e: sample()[name]}).typ(); got != want {
			t.Errorf("%s is of the type %s, want %s", name, got, want)
		}
	}
}

func TestJenkinsIsAskedAsItsPluginWantsIt(t *testing.T) {
	for _, c := range []struct{ url, secret, event, want string }{
		{"https://ci.example.com/jenkins/", "a&b", "push", "https://ci.example.com/jenkins/git/notifyCommit?branches=main&sha1=" + idC + "&token=a%26b&url=https%3A%2F%2Fcode.example.com%2Fteam%2Fw%25C3%25A9b%2Fapp.git"},
		{"https://ci.example.com/git/notifyCommit?delay=1", "", "push_made", "https://ci.example.com/git/notifyCommit?branches=release%2F1&delay=1&sha1=" + idC + "&url=https%3A%2F%2Fcode.example.com%2Fteam%2Fw%25C3%25A9b%2Fapp.git"},
		{"https://ci.example.com", "", "tag", "https://ci.example.com/git/notifyCommit?url=https%3A%2F%2Fcode.example.com%2Fteam%2Fw%25C3%25A9b%2Fapp.git"},
	} {
		h := Hook{ID: "h", URL: c.url, Form: Jenkins, ContentType: JSON, Secret: NewSecret(c.secret)}
		out, body := made(t, h, sample()[c.event], Bearer{}, noon)
		if got := out.http.URL.String(); got != c.want || out.http.Method != http.MethodGet || body != "" || header(out.http, "Content-Type") != "" {
			t.Errorf("%s %s\nwant %s", out.http.Method, got, c.want)
		}
		if c.secret != "" && (strings.Contains(out.kept.URL, url.QueryEscape(c.secret)) || !strings.Contains(out.kept.URL, "token="+hidden)) {
			t.Errorf("kept is %s", out.kept.URL)
		}
	}
}

func TestNothingKeptHoldsASecret(t *testing.T) {
	token := "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	h := Hook{ID: "h", URL: "https://ci.example.com/x?key=s3cret-of-the-hook", Form: GitHub, ContentType: JSON, Secret: NewSecret("s3cret-of-the-hook"), Old: NewSecret("0ld-one")}
	out, _ := made(t, h, sample()["push"], Bearer{Secret: NewSecret(token), Expires: noon.Add(time.Hour)}, noon)
	if header(out.http, TokenHeader) != token || header(out.http, TokenExpires) != "2026-11-26T13:00:00Z" {
		t.Errorf("the token does not go along: %v", out.http.Header)
	}
	echo := out.answer(http.Header{"X-Echo": {"Bearer " + token}, "Set-Cookie": {"a=b"}}, []byte("you said "+token+" and 0ld-one\x00\xff"+strings.Repeat("é", maxKept)))
	h.URL = ""
	kept := fmt.Sprintf("%+v %+v %v %#v %s", out.kept, echo, h, h, h.Secret)
	for _, secret := range []string{token, token[12:], "s3cret-of-the-hook", "0ld-one", "\x00", "\xff"} {
		if strings.Contains(kept, secret) {
			t.Errorf("%q is in %.600s", secret, kept)
		}
	}
	if len(echo.Body) > maxKept+8 || !echo.More || echo.Headers["Set-Cookie"] != "" || echo.Headers["X-Echo"] == "" {
		t.Errorf("kept of the answer: %d bytes, more: %v, %v", len(echo.Body), echo.More, echo.Headers)
	}
}
