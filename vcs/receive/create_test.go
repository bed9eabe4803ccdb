package receive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// birth counts what a push does with the repository that it makes.
type birth struct{ made, published, dropped int }

// push sends a request to where nothing is yet.
func (b *birth) push(s *stand, publish error, request []byte) string {
	s.t.Helper()
	ses := Session{Stateless: true, Recheck: func(context.Context) error { return s.recheck }, Create: func(context.Context) (*host.Unborn, error) {
		b.made++
		return &host.Unborn{Repo: s.repo,
			Publish: func(context.Context) error { b.published++; return publish },
			Drop:    func(context.Context) error { b.dropped++; return nil }}, nil
	}}
	var out bytes.Buffer
	_ = s.server.Serve(ctx, ses, bytes.NewReader(request), &out)
	return out.String()
}

func TestARepositoryIsMadeByAGoodPushAndByNothingElse(t *testing.T) {
	c := change(oid.Zero, "one")
	good := request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status"))
	taken := &host.Refusal{Status: 409, Sentence: "Somebody made this repository a moment ago. Push again."}
	for _, row := range []struct {
		name    string
		request []byte
		publish error
		recheck error
		want    birth
		words   string
	}{
		{"a probe", []byte("0000"), nil, nil, birth{}, ""},
		{"nothing that is allowed", request(packOf(c...), line(oid.Zero, c[0].id(), "refs/jeton/x", "report-status")), nil, nil, birth{}, "ng refs/jeton/x"},
		{"a delete", request(nil, line(c[0].id(), oid.Zero, "refs/heads/main", "report-status")), nil, nil, birth{}, "no repository was made"},
		{"an old value", request(packOf(c...), line(c[0].id(), c[0].id(), "refs/heads/main", "report-status")), nil, nil, birth{1, 0, 1}, "ng refs/heads/main stale"},
		{"a pack that is cut off", good[:len(good)-9], nil, nil, birth{1, 0, 1}, "ng refs/heads/main unpacker error"},
		{"a pack that is not whole", request(packOf(c[0]), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status")), nil, nil, birth{1, 0, 1}, "missing necessary objects"},
		{"no permission any more", good, nil, taken, birth{1, 0, 1}, "Push again"},
		{"somebody was faster", good, taken, nil, birth{1, 1, 1}, "ng refs/heads/main Somebody made this repository"},
		{"the database fails", good, errors.New("gone"), nil, birth{1, 1, 1}, "the server has failed"},
		{"a good push", good, nil, nil, birth{1, 1, 1}, "ok refs/heads/main"},
	} {
		s := newStand(t, Limits{})
		s.recheck = row.recheck
		var b birth
		out := b.push(s, row.publish, row.request)
		if b != row.want || !strings.Contains(out, row.words) {
			t.Errorf("%s: %+v, want %+v; answered %q, want %q", row.name, b, row.want, out, row.words)
		}
		if moved := strings.Contains(s.refs(), "refs/heads/main\n") && strings.Contains(s.refs(), c[0].id().String()); moved != (row.words == "ok refs/heads/main") {
			t.Errorf("%s: afterwards\n%s", row.name, s.refs())
		}
		s.clean()
	}
	s := newStand(t, Limits{})
	var out bytes.Buffer
	if err := s.server.Advertise(ctx, Session{Version: wire.V1}, &out); err != nil || !strings.Contains(out.String(), "version 1") || !strings.Contains(out.String(), "capabilities^{}") {
		t.Errorf("the advertisement of nothing: %v %q", err, out.String())
	}
	if err := s.server.Serve(ctx, Session{Stateless: true}, strings.NewReader(""), io.Discard); err != nil {
		t.Errorf("silence: %v", err)
	}
}

// maintained is a repository whose first Update finds that objects were dropped meanwhile.
type maintained struct {
	storage.Repository
	updates *int
}

func (m maintained) Update(ctx context.Context, basis storage.Basis, b storage.Batch) ([]storage.RefResult, error) {
	if *m.updates++; *m.updates == 1 {
		return nil, storage.ErrRecheck
	}
	return m.Repository.Update(ctx, basis, b)
}

func TestARepositoryIsPublishedOnceThoughThePushIsCheckedAgain(t *testing.T) {
	s, updates, published := newStand(t, Limits{}), 0, 0
	ses := Session{Stateless: true, Recheck: func(context.Context) error { return nil }, Create: func(context.Context) (*host.Unborn, error) {
		return &host.Unborn{Repo: maintained{s.repo, &updates}, Publish: func(context.Context) error { published++; return nil }, Drop: func(context.Context) error { return nil }}, nil
	}}
	c := change(oid.Zero, "one")
	var out bytes.Buffer
	err := s.server.Serve(ctx, ses, bytes.NewReader(request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status"))), &out)
	if err != nil || !strings.Contains(out.String(), "ok refs/heads/main") || updates != 2 || published != 1 {
		t.Errorf("%q, %v; %d updates, published %d times", out.String(), err, updates, published)
	}
}
