package integration

import (
	"net/http"
	"strings"
	"testing"
)

// TestFeedsFollowPermissions has bob follow what he is given and lose it again: what he may not read never shows, at no
// address of his.
func TestFeedsFollowPermissions(t *testing.T) {
	s := start(t)
	feedsFollowPermissions(t, s)
}

// TestPostgresFeedsFollowPermissions is the same over PostgreSQL.
func TestPostgresFeedsFollowPermissions(t *testing.T) {
	env, _ := overPostgres(t)
	feedsFollowPermissions(t, start(t, env))
}

func feedsFollowPermissions(t *testing.T, s *server) {
	t.Helper()
	work := t.TempDir()
	git(t, "", "init", "-q", "-b", "main", work)
	commitAs(t, work, "Something secret", "", 1)
	s.jeton(t, "repo", "create", "team/secret", "--owner", s.User)
	git(t, work, "push", "-q", s.mine("team/secret"), "main", "main:refs/heads/side")
	s.jeton(t, "user", "create", "bob")
	_, bob := s.token(t, "--user", "bob", "--kind", "feed")
	_, bound := s.token(t, "--user", s.User, "--kind", "feed", "--repo", s.Repo)

	feed := func(path, token string) (int, string) {
		t.Helper()
		headers := []string{"Authorization", "Bearer " + token}
		if token == "" {
			headers = nil
		}
		res, text := fetch(t, "GET", s.URL+"/"+path, headers...)
		return res.StatusCode, text
	}
	// shows is what of a place a token is shown: the status, and whether the message is in it.
	shows := func(path, token string, status int, secret bool) {
		t.Helper()
		code, text := feed(path, token)
		if code != status || strings.Contains(text, "omething secret") != secret || !secret && strings.Contains(text, "team/") {
			t.Errorf("%s: %d, want %d, and the message %v:\n%s", path, code, status, secret, text)
		}
	}
	const repo, journal, public = "team/secret/feed/atom", "_admin/journal/atom", "_admin/public_journal/atom"

	shows(repo, bob, 404, false)
	shows(repo, bound, 404, false)
	shows(repo, "", 404, false)
	shows(journal, bob, 200, false)
	shows(journal, "", 401, false)
	shows(public, "", 200, false)
	if out, err := s.try("repo", "watch", "team/secret", "--user", "bob"); err == nil {
		t.Errorf("bob watches what he may not read: %s", out)
	}
	s.jeton(t, "repo", "grant", "team/secret", "bob", "read")
	shows(repo, bob, 200, true)
	shows(journal, bob, 200, false)
	s.jeton(t, "repo", "watch", "team/secret", "--user", "bob")
	shows(journal, bob, 200, true)
	if out := s.jeton(t, "repo", "watching", "--user", "bob"); !strings.Contains(out, "team/secret") {
		t.Errorf("bob watches %s", out)
	}
	s.jeton(t, "repo", "revoke", "team/secret", "bob")
	shows(repo, bob, 404, false)
	shows(journal, bob, 200, false)
	shows(journal, s.Tokens["feed"], 200, true)
	s.jeton(t, "repo", "publish", "team/secret")
	shows(public, "", 200, true)
	shows(repo, "", 200, true)
	s.jeton(t, "repo", "hide", "team/secret")
	shows(public, "", 200, false)
	s.jeton(t, "repo", "grant", "team/secret", "bob", "read")
	shows(journal, bob, 200, true)
	s.jeton(t, "repo", "unwatch", "team/secret", "--user", "bob")
	shows(journal, bob, 200, false)

	// A branch that is gone, and then the repository: 410 for who could read it, 404 for everybody else.
	git(t, work, "push", "-q", s.mine("team/secret"), ":side")
	shows(repo+"?branch=side", bob, 410, false)
	shows(repo+"?branch=never", bob, 404, false)
	s.jeton(t, "user", "create", "eve")
	_, eve := s.token(t, "--user", "eve", "--kind", "feed")
	shows(repo+"?branch=side", eve, 404, false)
	s.jeton(t, "repo", "delete", "team/secret", "--yes")
	shows(repo, bob, 410, false)
	shows(repo, s.Tokens["feed"], 410, false)
	shows(repo, bound, 404, false)
	shows(repo, eve, 404, false)
	shows(repo, "", 404, false)
	shows("team/never/feed/atom", bob, 404, false)
	shows(journal, s.Tokens["feed"], 200, false)
	s.jeton(t, "repo", "restore", "team/secret")
	shows(repo, bob, 200, true)
}

func TestFeedsAreForFeedTokensAtEveryAddress(t *testing.T) {
	s := start(t)
	for _, at := range []string{"feed/rss", "feed/atom", "feed/json", "feed-rss", "feed-atom"} {
		res, text := fetch(t, "GET", s.feedOf(s.Repo+"/"+at))
		if res.StatusCode != 200 || strings.Contains(text, "jet_") || res.Header.Get("Cache-Control") != "private, no-cache" || res.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %d, %v\n%s", at, res.StatusCode, res.Header, text)
		}
		if res, text := fetch(t, "HEAD", s.feedOf(s.Repo+"/"+at)); res.StatusCode != 200 || text != "" || res.ContentLength <= 0 {
			t.Errorf("HEAD %s: %d, %d bytes", at, res.StatusCode, res.ContentLength)
		}
		if res, _ := fetch(t, "POST", s.feedOf(s.Repo+"/"+at)); res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", at, res.StatusCode)
		}
	}
	for _, at := range []string{"journal/rss", "journal/atom", "journal/json", "journal_rss", "journal_atom", "public_journal/rss", "public_journal/atom", "public_journal/json", "public_journal_rss", "public_journal_atom"} {
		if res, text := fetch(t, "GET", s.feedOf("_admin/"+at)); res.StatusCode != 200 {
			t.Errorf("%s: %d %s", at, res.StatusCode, text)
		}
	}
	for _, at := range []string{s.Repo + "/feed/xml", s.Repo + "/feed", "_admin/journal/opml", "_admin/journal", "_admin/public_journal/x"} {
		if res, text := fetch(t, "GET", s.feedOf(at)); res.StatusCode != 404 || !strings.Contains(text, "rss, atom, and json") {
			t.Errorf("%s: %d %s", at, res.StatusCode, text)
		}
	}
	for kind, token := range s.Tokens {
		res, text := fetch(t, "GET", s.URL+"/"+s.Repo+"/feed/rss", "Authorization", "Bearer "+token)
		if want := map[bool]int{true: 200, false: 401}[kind == "feed"]; res.StatusCode != want {
			t.Errorf("a %s token: %d %s", kind, res.StatusCode, text)
		}
	}
}
