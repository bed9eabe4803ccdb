package feed

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
	"jeton/web/door"
)

// long is a repository with some thousands of commits in one pack.
func long(b *testing.B, w *world) {
	b.Helper()
	r := w.create("r1", "team/app")
	var objects []storagetest.Object
	var last oid.ID
	for i := range 5000 {
		var parents []oid.ID
		if i > 0 {
			parents = []oid.ID{last}
		}
		one := commitOf(b, fmt.Sprint("file ", i), fmt.Sprintf("author Ada <a@b> %d +0000\ncommitter Ada <a@b> %d +0000\n\nCommit %d\n\nWith a few words about it.\n", 1700000000+i, 1700000000+i, i), parents...)
		last = one[2].ID(b)
		objects = append(objects, one...)
	}
	storagetest.Push(b, r, objects, "refs/heads/main")
}

// serve answers one request as often as asked.
func serve(b *testing.B, h func(http.ResponseWriter, *http.Request), status int, headers ...string) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, "/x", nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		rec := httptest.NewRecorder()
		h(rec, r)
		if rec.Code != status {
			b.Fatalf("answered %d, want %d", rec.Code, status)
		}
	}
}

// BenchmarkFeed tells what an answer costs: nothing new (the goal is 50 µs above the empty handler), one that is kept, and
// one that is made anew (the goal is 5 ms).
func BenchmarkFeed(b *testing.B) {
	w := newWorld(b)
	long(b, w)
	w.pushed("r1", storage.RefUpdate{Name: "refs/heads/main", New: storagetest.Value(b, w.repos["r1"], "refs/heads/main")})
	repository := func(rec http.ResponseWriter, r *http.Request) {
		w.server.Repository(rec, r, visit("r1", "team/app", "atom"))
	}
	tag := w.get("r1", "atom", "").Header().Get("ETag")
	b.Run("empty-handler", func(b *testing.B) {
		serve(b, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, 304)
	})
	b.Run("304", func(b *testing.B) { serve(b, repository, 304, "If-None-Match", tag) })
	b.Run("kept", func(b *testing.B) { serve(b, repository, 200) })
	b.Run("rebuilt", func(b *testing.B) {
		serve(b, func(rec http.ResponseWriter, r *http.Request) {
			w.server.kept = newKept(w.server.o.Memory)
			repository(rec, r)
		}, 200)
	})
	journal := func(rec http.ResponseWriter, r *http.Request) {
		w.server.Journal(rec, r, door.Visit{Rest: "atom", Identity: visit("", "", "").Identity})
	}
	rec := httptest.NewRecorder()
	journal(rec, httptest.NewRequest(http.MethodGet, "/x", nil))
	b.Run("journal-304", func(b *testing.B) { serve(b, journal, 304, "If-None-Match", rec.Header().Get("ETag")) })
}
