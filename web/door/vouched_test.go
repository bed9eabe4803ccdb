package door

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/signin"
	"jeton/vcs/host"
)

// from has a request come from an address, with headers: name, value, name, value.
func from(peer string, headers ...string) func(*http.Request) {
	return func(r *http.Request) {
		r.RemoteAddr = peer
		for i := 0; i < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
}

// both changes a request twice.
func both(a, b func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) { a(r); b(r) }
}

// TestATrustedProxyAloneSaysWhoHasCome asks for a repository that ada alone may read.
func TestATrustedProxyAloneSaysWhoHasCome(t *testing.T) {
	h := build(t)
	by, user := audit.Command("test"), "X-Forwarded-User"
	ada, _ := h.users.ByName("ada")
	for _, err := range []error{h.plugins.Set(t.Context(), by, signin.Headers, signin.Settings{"git": "true"}),
		h.plugins.Enable(t.Context(), by, signin.Headers), h.plugins.Link(t.Context(), by, signin.Headers, ada.ID, "ada")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	proxy := from("10.0.0.1:5", user, "ada")
	for name, c := range map[string]struct {
		change     func(*http.Request)
		status     int // 0: let in
		credential string
	}{
		"the proxy":                        {proxy, 0, "vouched"},
		"the proxy, over IPv6":             {from("[::ffff:10.0.0.1]:5", user, "ada"), 0, "vouched"},
		"the proxy, with a client's own":   {from("10.0.0.1:5", user, "grace", user, "ada"), 401, ""},
		"the proxy, a list":                {from("10.0.0.1:5", user, "ada, grace"), 401, ""},
		"the proxy, nobody":                {from("10.0.0.1:5"), 401, ""},
		"the proxy, somebody else":         {from("10.0.0.1:5", user, "grace"), 404, ""},
		"anybody":                          {from("192.0.2.1:5", user, "ada"), 401, ""},
		"anybody who claims to be a proxy": {from("192.0.2.1:5", user, "ada", XForwardedFor, "10.0.0.1", XRealIP, "10.0.0.1"), 401, ""},
		"no address":                       {from("@", user, "ada"), 401, ""},
		// What a request brings itself is judged alone: it is never made more by the header, and one that is no good does not
		// fall back to it.
		"a token of her own":          {both(proxy, basic("git", h.vcs)), 0, "token:"},
		"somebody else's header":      {both(from("10.0.0.1:5", user, "grace"), basic("git", h.vcs)), 0, "token:"},
		"a token of another kind":     {both(proxy, basic("git", h.feed)), 401, ""},
		"a wrong password":            {both(proxy, basic("ada", "wrong")), 401, ""},
		"an empty Basic":              {both(proxy, basic("", "")), 401, ""},
		"an empty Authorization":      {both(proxy, header("Authorization", "")), 401, ""},
		"the proxy's Negotiate":       {both(proxy, header("Authorization", "Negotiate YII=")), 401, ""},
		"two of them":                 {both(proxy, header("Authorization", "Bearer a", "Bearer b")), 400, ""},
		"a token that git has not":    {both(proxy, header("X-Auth-Token", h.vcs)), 400, ""},
		"a token in the proxy's name": {from("10.0.0.1:5", user, h.vcs), 401, ""},
	} {
		a, err := h.door.Admit(request("/", c.change), "ada/app", "git-upload-pack")
		if status := statusOf(err); status != c.status || c.status == 0 && (a.Actor.Name != "ada" || !strings.HasPrefix(a.Actor.Credential, c.credential)) {
			t.Errorf("%s: got %d %v and %+v, want %d", name, status, err, a.Actor, c.status)
		}
		if err != nil && strings.Contains(err.Error(), h.vcs) {
			t.Errorf("%s: the refusal repeats the token", name)
		}
	}
	if _, _, err := h.door.About(request("/", proxy)); statusOf(err) != http.StatusUnauthorized {
		t.Errorf("a proxy's word asked about itself: %v", err)
	}
	if c := h.door.vouched(request("/", from("192.0.2.1:5", user, "ada"))); c != (gate.Credential{}) {
		t.Errorf("what anybody wrote got through: %+v", c)
	}
}

func TestAPushOfSomebodyWhomAProxyNamesIsAskedAgain(t *testing.T) {
	h := build(t)
	by := audit.Command("test")
	if err := h.plugins.Set(t.Context(), by, signin.Headers, signin.Settings{"git": "true"}); err != nil {
		t.Fatal(err)
	}
	if err := h.plugins.Enable(t.Context(), by, signin.Headers); err != nil {
		t.Fatal(err)
	}
	ctx, note := WithNote(t.Context())
	a, err := h.door.Admit(request("/", from("10.0.0.1:5", "X-Forwarded-User", "grace")).WithContext(ctx), "grace/app", "git-receive-pack")
	if err != nil || a.Create == nil || a.Actor.Name != "grace" || note.User != "grace" {
		t.Fatalf("admitted %+v, %v; noted %+v", a, err, note)
	}
	if err := a.Recheck(t.Context()); err != nil {
		t.Errorf("asked again: %v", err)
	}
	_ = h.plugins.Disable(t.Context(), by, signin.Headers)
	if err := a.Recheck(t.Context()); statusOf(err) != http.StatusForbidden {
		t.Errorf("asked again after the switch: %v", err)
	}
	if _, err := a.Create(t.Context()); statusOf(err) != http.StatusForbidden {
		t.Errorf("made after the switch: %v", err)
	}
}

// statusOf is what an answer comes to: 0 for a yes.
func statusOf(err error) int {
	var r *host.Refusal
	switch {
	case err == nil:
		return 0
	case errors.As(err, &r):
		return r.Status
	}
	return -1
}
