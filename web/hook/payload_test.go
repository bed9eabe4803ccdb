package hook

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

const (
	idA = "1111111111111111111111111111111111111111"
	idB = "2222222222222222222222222222222222222222"
	idC = "3333333333333333333333333333333333333333"
	no  = "0000000000000000000000000000000000000000"
)

// sample is one event of each kind, in all its variants.
func sample() map[string]Event {
	ada := Person{ID: "user-ada", Name: "ada", Email: "ada@example.com"}
	repo := Repo{ID: "repo-app", Path: "team/wéb/app", Private: true, Description: "An <app> & more", DefaultBranch: "main", Owner: ada, CreatedAt: noon.Add(-time.Hour)}
	top := Repo{ID: "repo-top", Path: "top", Fork: true, Owner: ada, CreatedAt: noon}
	old := Commit{ID: idB, Tree: idC, Message: "Say more\n\nAt length.", At: noon.Add(-time.Minute).In(time.FixedZone("", 5*3600+1800)),
		Author: Person{Name: "Grace", Email: "grace@example.com"}, Committer: Person{Name: "Ada", Email: "ada@example.com"},
		Added: []string{"new"}, Removed: []string{"gone"}, Modified: []string{"src/a b.go"}}
	last := Commit{ID: idC, Tree: idA, Message: "Last", At: noon, Author: Person{Name: "Grace"}, Committer: Person{Name: "Grace"}}
	move := func(name, from, to string) *Ref { return &Ref{Name: name, Old: from, New: to} }
	pushed := &Ref{Name: "refs/heads/main", Old: idA, New: idC, Forced: true, Total: 7, Commits: []Commit{old, last}, Head: &last}
	made := &Ref{Name: "refs/heads/release/1", Old: no, New: idC, Total: 1, Commits: []Commit{last}, Head: &last}
	tag := &Ref{Name: "refs/tags/v1", Old: no, New: idB, Head: &last}
	all := map[string]Event{
		"push": {Kind: Push, Ref: pushed}, "push_made": {Kind: Push, Ref: made}, "push_removed": {Kind: Push, Ref: move("refs/heads/old", idB, no)},
		"push_hidden": {Kind: Push, Ref: move("refs/heads/main", idA, idB)},
		"create":      {Kind: Create, Ref: made}, "delete": {Kind: Delete, Ref: move("refs/heads/old", idB, no)},
		"tag": {Kind: Tag, Ref: tag}, "tag_create": {Kind: Create, Ref: tag}, "tag_delete": {Kind: Delete, Ref: move("refs/tags/v1", idB, no)},
		"created": {Kind: Repository, Action: "created"}, "renamed": {Kind: Repository, Action: "renamed", From: "team/old"},
		"fork": {Kind: Fork, Forkee: &top}, "ping": {Kind: Ping}, "ping_server": {Kind: Ping},
		"decoy":    {Kind: Decoy, Token: &TokenFacts{ID: "token1", Label: "canary", Kind: "vcs", Owner: "ada", Door: "git", Address: "192.0.2.1", Resource: "team/app"}},
		"expiring": {Kind: Expiring, Token: &TokenFacts{ID: "token2", Label: "deploy", Kind: "vcs", ExpiresAt: noon.Add(100 * time.Hour)}},
	}
	for name, e := range all {
		e.ID, e.At, e.Sender = "event:"+name, noon, ada
		if e.Repo = &repo; e.Kind == Decoy || name == "ping_server" {
			e.Repo = nil
		}
		all[name] = e
	}
	return all
}

// TestPayloadsAreAsTheyWere compares what is sent of each event with golden files (go test ./web/hook -update).
func TestPayloadsAreAsTheyWere(t *testing.T) {
	for name, e := range sample() {
		for _, form := range []Form{Gitea, GitHub, Standard} {
			h := Hook{ID: "hook1", RepoID: "repo-app", URL: "https://ci.example.com/hook", Form: form, ContentType: JSON, Events: []Kind{Push, Tag}, Active: true, CreatedAt: noon}
			if name == "ping_server" {
				h.RepoID = ""
			}
			_, address, body, typ, err := payload{base: "https://code.example.com/base", ssh: "ssh://git@code.example.com:22", e: e, h: h}.encode()
			if err != nil || address != h.URL || typ != "application/json" || !bytes.Equal(body.raw, body.json) {
				t.Fatalf("%s as %s: to %s, %s, %v", name, form, address, typ, err)
			}
			var shown bytes.Buffer
			if err := json.Indent(&shown, body.raw, "", "  "); err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("%s.%s.json", name, form), append(shown.Bytes(), '\n'))
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what it was (%v); got\n%s\nIf that is right: go test ./web/hook -update", name, err, got)
	}
}

// TestEventsAreReadBack: what is kept of an event makes the same payload later.
func TestEventsAreReadBack(t *testing.T) {
	for name, e := range sample() {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		back := Event{ID: e.ID}
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		for _, form := range Forms() {
			h := Hook{ID: "hook1", URL: "https://ci.example.com/hook", Form: form, ContentType: FormData}
			_, first, want, _, err := payload{base: "https://code.example.com", e: e, h: h}.encode()
			if err != nil {
				t.Fatal(err)
			}
			_, second, got, _, err := payload{base: "https://code.example.com", e: back, h: h}.encode()
			if err != nil || first != second || !bytes.Equal(got.raw, want.raw) {
				t.Errorf("%s as %s: %v\n%s\n%s", name, form, err, got.raw, want.raw)
			}
		}
	}
}

func TestNumbersOfIdsAreStableAndExact(t *testing.T) {
	seen := map[int64]string{}
	for i := range 10_000 {
		id := fmt.Sprint("id", i)
		n := number(id)
		if n != number(id) || n <= 0 || int64(float64(n)) != n || seen[n] != "" {
			t.Fatalf("%s is %d, which is no good number, or that of %q too", id, n, seen[n])
		}
		seen[n] = id
	}
	if number("") != 0 {
		t.Error("nobody has a number")
	}
}
