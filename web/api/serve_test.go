package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/web/api/method"
)

// porter lets in whoever brings the secret "good", and refuses others as their secret says.
type porter struct{ asked gate.Resource }

func (p *porter) Caller(r *http.Request, inBody []string) (gate.Identity, error) {
	secret := strings.Join(inBody, " ") + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch secret {
	case "":
		return gate.Identity{}, &gate.Refused{Code: gate.NoCredential, Sentence: "Sign in."}
	case "broken":
		return gate.Identity{}, errors.New("the database is gone")
	case "good":
		return gate.Identity{UserID: "u1", UserName: "ada", TokenLine: "line"}, nil
	}
	return gate.Identity{}, &gate.Refused{Code: gate.Code(secret), Sentence: "It is so."}
}

func (p *porter) Call(r *http.Request, inBody []string, res gate.Resource, _ gate.Access) (*gate.Grant, error) {
	p.asked = res
	id, err := p.Caller(r, inBody)
	if err != nil {
		return nil, err
	}
	return &gate.Grant{Identity: id, Found: gate.Found{Repository: access.Repository{ID: "r1", Path: res.Object.Name}}}, nil
}

func (*porter) Remote(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") }
func (*porter) Network(*http.Request) string    { return "192.0.2.1/32" }

type repoArgs struct {
	Repo method.Ref `arg:"repoid" doc:"A repository."`
}

// methods are some to be called.
func methods() []method.Method {
	declare := func(name string, on method.On, run func(context.Context, *method.Call, repoArgs) (any, error)) method.Method {
		return method.Of(method.Method{Name: name, Doc: "Does " + name + ".", On: on}, run)
	}
	onRepo := method.On{Kind: method.Repository, Arg: "repoid", Level: access.Admin}
	return []method.Method{
		declare("get_repo", onRepo, func(_ context.Context, c *method.Call, in repoArgs) (any, error) {
			return map[string]string{"repo_name": string(in.Repo), "id": c.Repo.ID, "by": c.Actor.Name, "at": c.URL + " " + c.Remote.String()}, nil
		}),
		declare("fail", onRepo, func(context.Context, *method.Call, repoArgs) (any, error) { return nil, errors.New("disk on fire") }),
		declare("refuse", onRepo, func(_ context.Context, _ *method.Call, in repoArgs) (any, error) {
			return nil, method.Fail(method.TooLarge, "no\x1b[1m jet_api_0123456789ABCDEFGHIJabcdefghijKL0yZQIv %s", in.Repo)
		}),
		declare("form", onRepo, func(context.Context, *method.Call, repoArgs) (any, error) {
			return nil, method.Fields(method.Invalid, map[string]string{"repo_name": "taken\x07"})
		}),
		declare("slow", onRepo, func(ctx context.Context, _ *method.Call, _ repoArgs) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}),
		declare("unwritable", onRepo, func(context.Context, *method.Call, repoArgs) (any, error) { return func() {}, nil }),
		declare("make", method.On{Kind: method.NewRepository, Arg: "repoid"}, func(context.Context, *method.Call, repoArgs) (any, error) { return "made", nil }),
		declare("make_group", method.On{Kind: method.NewGroup, Arg: "repoid"}, func(context.Context, *method.Call, repoArgs) (any, error) { return "made", nil }),
		declare("user", method.On{Kind: method.Person, Arg: "repoid"}, func(context.Context, *method.Call, repoArgs) (any, error) { return "seen", nil }),
		declare("crew", method.On{Kind: method.UserGroup, Arg: "repoid"}, func(context.Context, *method.Call, repoArgs) (any, error) { return "seen", nil }),
		declare("group", method.On{Kind: method.RepositoryGroup, Arg: "repoid"}, func(context.Context, *method.Call, repoArgs) (any, error) { return "seen", nil }),
	}
}

func newHandler(t *testing.T, change func(*Options)) (*Handler, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	o := Options{Methods: methods(), Door: &porter{}, URL: "https://code.example.com", Log: slog.New(slog.NewTextHandler(&log, nil)),
		Limits: Limits{Request: 4096, ReadTime: time.Minute, CallTime: time.Minute, Concurrent: 4}}
	if change != nil {
		change(&o)
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h, &log
}

// post sends a body.
func post(h http.Handler, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/_admin/api", strings.NewReader(body))
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func call(secret, name, repo string) string {
	return `{"id":1,"auth_token":"` + secret + `","method":"` + name + `","args":{"repoid":"` + repo + `"}}`
}

func TestCallsAreAnsweredInRhodeCodesShape(t *testing.T) {
	h, _ := newHandler(t, nil)
	for _, row := range []struct{ name, body, want string }{
		{"a result", call("good", "get_repo", "team/app"), `{"id":1,"result":{"at":"https://code.example.com 192.0.2.1","by":"ada","id":"r1","repo_name":"team/app"},"error":null}`},
		{"a failure", call("good", "fail", "app"), `{"id":1,"result":null,"error":"The server has failed; its administrator finds the reason in the log."}`},
		{"an error of the method, whatever its code", call("good", "refuse", "app"), `{"id":1,"result":null,"error":"no\\x1b[1m jet_api_0123… app"}`},
		{"an error by argument", call("good", "form", "app"), `{"id":1,"result":null,"error":{"repo_name":"taken\\x07"}}`},
		{"what cannot be written", call("good", "unwritable", "app"), `{"id":1,"result":null,"error":"The server has failed; its administrator finds the reason in the log."}`},
		{"no token", call("", "get_repo", "app"), `{"id":1,"result":null,"error":"Incorrect JSON data. Missing 'api_key or auth_token'"}`},
		{"a wrong token", call("bad_credential", "get_repo", "app"), `{"id":1,"result":null,"error":"Invalid API KEY"}`},
		{"an expired token", call("expired", "get_repo", "app"), `{"id":1,"result":null,"error":"Invalid API KEY. It is so."}`},
		{"a feed token", call("wrong_kind", "get_repo", "app"), `{"id":1,"result":null,"error":"API KEY has bad role for an API call. It is so."}`},
		{"an inactive owner", call("inactive", "get_repo", "app"), `{"id":1,"result":null,"error":"Request from this user not allowed. It is so."}`},
		{"a wrong network", call("wrong_network", "get_repo", "app"), `{"id":1,"result":null,"error":"Request from this IP not allowed. It is so."}`},
		{"a read-only token", call("read_only", "get_repo", "app"), `{"id":1,"result":null,"error":"Access was denied to this resource. It is so."}`},
		{"a right that is missing", call("no_right", "get_repo", "app"), `{"id":1,"result":null,"error":"Access was denied to this resource. It is so."}`},
		{"an archived one", call("archived", "get_repo", "app"), `{"id":1,"result":null,"error":"It is so."}`},
		{"not there", call("not_found", "get_repo", "app"), "{\"id\":1,\"result\":null,\"error\":\"repository `app` does not exist\"}"},
		{"no such group", call("not_found", "group", "team"), "{\"id\":1,\"result\":null,\"error\":\"repository group `team` does not exist\"}"},
		{"no such user group", call("not_found", "crew", "crew"), "{\"id\":1,\"result\":null,\"error\":\"user group `crew` does not exist\"}"},
		{"no such person", call("not_found", "user", "bob"), "{\"id\":1,\"result\":null,\"error\":\"user `bob` does not exist\"}"},
		{"another person", call("not_self", "user", "bob"), `{"id":1,"result":null,"error":"userid is not the same as your user"}`},
		{"nothing may be made there", call("no_right", "make", "app"), `{"id":1,"result":null,"error":{"repo_group":"You do not have the permission to store repositories in the root location."}}`},
		{"nothing may be made in this group", call("no_right", "make", "team/a/app"), "{\"id\":1,\"result\":null,\"error\":{\"repo_group\":\"Repository group `team/a` does not exist\"}}"},
		{"no group may be made there", call("no_right", "make_group", "team"), `{"id":1,"result":null,"error":{"repo_group":"You do not have the permission to store repository groups in the root location."}}`},
		{"no group may be made in this one", call("no_right", "make_group", "team/a"), "{\"id\":1,\"result\":null,\"error\":{\"repo_group\":\"Parent repository group `team` does not exist\"}}"},
		{"a gate that fails", call("broken", "get_repo", "app"), `{"id":1,"result":null,"error":"The server has failed; its administrator finds the reason in the log."}`},
		{"an argument that is missing", `{"id":"x","auth_token":"good","method":"get_repo","args":{}}`, "{\"id\":\"x\",\"result\":null,\"error\":\"Missing non optional `repoid` arg in JSON DATA\"}"},
		{"a wrong token before what is missing", `{"id":1,"auth_token":"bad_credential","method":"get_repo","args":{}}`, `{"id":1,"result":null,"error":"Invalid API KEY"}`},
		{"what Jeton has not", call("good", "get_gist", "x"), `{"id":1,"result":null,"error":"No such method: get_gist. Jeton has no gists."}`},
		{"a method that nobody has", call("good", "frobnicate", "x"), `{"id":1,"result":null,"error":"No such method: frobnicate. Similar methods: none"}`},
		{"nearly a method", call("good", "get_repos", "x"), `{"id":1,"result":null,"error":"No such method: get_repos. Similar methods: get_repo"}`},
		{"a method with a terminal's codes", call("good", `\u001b[1m`, "x"), `{"id":1,"result":null,"error":"No such method: \\x1b[1m. Similar methods: none"}`},
		{"a long name", call("good", strings.Repeat("x", 200), "x"), `{"id":1,"result":null,"error":"No such method: its name is longer than 100 bytes"}`},
		{"no JSON", "x", `{"id":null,"result":null,"error":"JSON parse error ERR:it is no object"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := post(h, row.body)
			if got := strings.TrimSuffix(w.Body.String(), "\n"); w.Code != 200 || got != row.want {
				t.Errorf("got %d %s\nwant 200 %s", w.Code, got, row.want)
			}
			if h := w.Header(); h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("the headers are %v", h)
			}
		})
	}
}

func TestFailuresAreLoggedAndNotTold(t *testing.T) {
	h, log := newHandler(t, nil)
	if w := post(h, call("good", "fail", "app")); strings.Contains(w.Body.String(), "fire") {
		t.Errorf("the client reads %s", w.Body)
	}
	if !strings.Contains(log.String(), "disk on fire") || !strings.Contains(log.String(), "method=fail") {
		t.Errorf("the log says %s", log)
	}
}

func TestTheGateIsAskedWhatTheMethodDeclares(t *testing.T) {
	p := &porter{}
	h, _ := newHandler(t, func(o *Options) { o.Door = p })
	post(h, call("good", "get_repo", "team/app"))
	want := gate.Object{Method: "get_repo", Kind: method.Repository, Name: "team/app", Level: access.Admin}
	if p.asked.Object != want || p.asked.Right != token.Right("") {
		t.Errorf("it was asked about %+v, want %+v", p.asked, want)
	}
}

func TestBearerIsACredential(t *testing.T) {
	h, _ := newHandler(t, nil)
	w := post(h, `{"id":1,"method":"get_repo","args":{"repoid":"a"}}`, func(r *http.Request) { r.Header.Set("Authorization", "Bearer good") })
	if !strings.Contains(w.Body.String(), `"error":null`) {
		t.Errorf("got %s", w.Body)
	}
}

func TestWhatIsRefusedBeforeACallHasAStatus(t *testing.T) {
	for _, row := range []struct {
		name   string
		limits func(*Limits)
		change func(*http.Request)
		status int
		header string
		words  string
	}{
		{"GET", nil, func(r *http.Request) { r.Method = http.MethodGet }, 405, "Allow", `unsupported request method \"GET\". Please use POST`},
		{"too large", func(l *Limits) { l.Request = 10 }, nil, 413, "Connection", "longer than 10 bytes"},
		{"too large, without saying so", func(l *Limits) { l.Request = 10 }, func(r *http.Request) { r.ContentLength = -1 }, 413, "", "longer than 10 bytes"},
		{"too many from an address", func(l *Limits) { l.PerAddress = 1 }, nil, 429, "Retry-After", "from your address"},
		{"too many with a token", func(l *Limits) { l.PerToken = 1 }, nil, 429, "Retry-After", "with this token"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, _ := newHandler(t, func(o *Options) {
				o.Now = func() time.Time { return time.Unix(1, 0) }
				if row.limits != nil {
					row.limits(&o.Limits)
				}
			})
			var w *httptest.ResponseRecorder
			for range 2 {
				w = post(h, call("good", "get_repo", "app"), func(r *http.Request) {
					if row.change != nil {
						row.change(r)
					}
				})
			}
			var got reply
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || string(got.ID) != "null" || got.Result != nil {
				t.Errorf("got %s, %v", w.Body, err)
			}
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.words) || row.header != "" && w.Header().Get(row.header) == "" {
				t.Errorf("got %d %s with %v, want %d", w.Code, w.Body, w.Header(), row.status)
			}
		})
	}
}

func TestCompressedBodiesAreRefused(t *testing.T) {
	h, _ := newHandler(t, nil)
	w := post(h, call("good", "get_repo", "app"), func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") })
	if w.Code != 200 || !strings.Contains(w.Body.String(), "not compressed") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestHeadersTellWhatIsLeft(t *testing.T) {
	h, _ := newHandler(t, func(o *Options) {
		o.Limits.PerToken, o.Limits.PerAddress = 60, 120
		o.Now = func() time.Time { return time.Unix(1, 0) }
	})
	w := post(h, call("good", "get_repo", "app"))
	for name, want := range map[string]string{"X-Ratelimit-Limit": "60", "X-Ratelimit-Remaining": "59", "Ratelimit": `"calls";r=59;t=1`, "Ratelimit-Policy": `"calls";q=60;w=60`} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	w = post(h, call("bad_credential", "get_repo", "app"))
	if got := w.Header().Get("X-Ratelimit-Remaining"); got != "118" {
		t.Errorf("without a good token %q calls are left of the address's", got)
	}
}

func TestACallThatTakesTooLongIsGivenUp(t *testing.T) {
	h, _ := newHandler(t, func(o *Options) { o.Limits.CallTime = time.Millisecond })
	w := post(h, call("good", "slow", "app"))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"id":1,"result":null,"error":"This call took longer than 1ms`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestACallMoreThanThereAreSeatsIsToldToComeAgain(t *testing.T) {
	h, _ := newHandler(t, func(o *Options) { o.Limits.Concurrent = 1 })
	entered := make(chan struct{})
	ctx, end := context.WithCancel(t.Context())
	h.methods["slow"] = method.Of(method.Method{Name: "slow", Doc: "Waits.", On: method.On{Kind: method.Open}}, func(ctx context.Context, _ *method.Call, _ struct{}) (any, error) {
		close(entered)
		<-ctx.Done()
		return nil, nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		post(h, call("good", "slow", "app"), func(r *http.Request) { *r = *r.WithContext(ctx) })
	}()
	<-entered
	w := post(h, call("good", "get_repo", "app"))
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	end()
	<-done
	if w := post(h, call("good", "get_repo", "app")); w.Code != 200 || h.workers.Busy() != 0 || h.readers.Busy() != 0 {
		t.Errorf("when it had ended: %d, and %d seats are taken", w.Code, h.workers.Busy())
	}
}

// endless is a body without an end, which counts what was read of it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += int64(len(p))
	return len(p), nil
}

func TestALongBodyIsNotReadToItsEnd(t *testing.T) {
	h, _ := newHandler(t, nil)
	for _, length := range []int64{100 << 20, -1} {
		body := &endless{}
		r := httptest.NewRequest(http.MethodPost, "/_admin/api", io.NopCloser(body))
		r.ContentLength = length
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 413 || body.read > 64<<10 {
			t.Errorf("of a body of %d bytes %d were read, and answered %d", length, body.read, w.Code)
		}
	}
}

func TestNewRefusesAMethodTwice(t *testing.T) {
	all := methods()
	if _, err := New(Options{Methods: append(all, all[0])}); err == nil || !strings.Contains(err.Error(), "get_repo") {
		t.Errorf("got %v", err)
	}
}
