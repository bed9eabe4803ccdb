package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"
)

// odd are messages that feeds must survive: each is the message of one commit of followed.
var odd = []string{"Plain", "<script>alert(1)</script> & <b>marks</b>", "control \x07 and escape \x1b[31m", "Ünïcode 👩‍👩‍👧 ]]>", "Sübject\n\nand a body\n"}

// followed pushes a repository with odd messages, one in Latin-1 and one that is no UTF-8, and answers a
// working copy and how many commits there are.
func followed(t *testing.T, s *server, repo string) (work string, commits int) {
	t.Helper()
	work = t.TempDir()
	git(t, "", "init", "-q", "-b", "main", work)
	for i, message := range odd {
		commitAs(t, work, message, "", i)
	}
	commitAs(t, work, "Gr\xfc\xdfe", "i18n.commitEncoding=ISO-8859-1", 10)
	commitAs(t, work, "broken \xc3\x28", "", 11)
	s.jeton(t, "repo", "create", repo, "--owner", s.User)
	git(t, work, "push", "-q", s.mine(repo), "main")
	return work, len(odd) + 2
}

// commitAs commits with a message as it is, a minute later than the one before.
func commitAs(t *testing.T, work, message, config string, n int) {
	t.Helper()
	args := []string{"commit", "-q", "--allow-empty", "--allow-empty-message", "-F", "-", "--cleanup=verbatim"}
	if config != "" {
		args = append([]string{"-c", config}, args...)
	}
	cmd := exec.Command("git", args...)
	date := fmt.Sprintf("%d +0200", 1700000000+60*n)
	cmd.Dir, cmd.Stdin, cmd.Env = work, strings.NewReader(message), gitEnv("GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git commit: %v\n%s", err, out)
	}
}

// feedOf is the address of a feed with the administrator's feed token in it.
func (s *server) feedOf(path string) string {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return s.URL + "/" + path + mark + "auth_token=" + s.Tokens["feed"]
}

// fetch gets an address; headers are name, value, and so on.
func fetch(t *testing.T, method, at string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func TestFeedsAreReadByGofeed(t *testing.T) {
	s := start(t)
	_, commits := followed(t, s, "team/followed")
	ids := map[string]bool{}
	for _, format := range []string{"rss", "atom", "json"} {
		for _, query := range []string{"", "?branch=main", "?diff=1", "?tags=1"} {
			_, text := fetch(t, "GET", s.feedOf("team/followed/feed/"+format+query))
			f, err := gofeed.NewParser().ParseString(text)
			if err != nil {
				t.Fatalf("%s%s: %v\n%s", format, query, err, text)
			}
			want := commits
			if query == "?tags=1" {
				want = 0
			}
			if len(f.Items) != want || f.FeedType != format || f.FeedLink != s.URL+"/team/followed/feed/"+format+query {
				t.Errorf("%s%s: %d entries of %d, type %s, own address %s", format, query, len(f.Items), want, f.FeedType, f.FeedLink)
			}
			for i, item := range f.Items {
				if ids[item.GUID] && query != "?diff=1" || item.GUID == "" || item.Title == "" || item.UpdatedParsed == nil && item.PublishedParsed == nil ||
					!strings.HasPrefix(item.Link, s.URL+"/team/followed/changeset/") || len(item.Authors) != 1 || item.Authors[0].Name != "Ada" {
					t.Errorf("%s%s: entry %d is %+v", format, query, i, item)
				}
				ids[item.GUID] = true
			}
		}
	}
	_, text := fetch(t, "GET", s.feedOf("team/followed/feed/json"))
	// git takes what is no UTF-8 for Latin-1 when it commits; bytes that no encoding explains are in the tests of web/feed.
	for _, want := range []string{"Grüße", "broken Ã(", "Ünïcode"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// readTwice is a program for feedparser: it reads a feed, and asks again with what it was told.
const readTwice = `
import feedparser, json, sys
out = []
for url in sys.argv[1:]:
    one = feedparser.parse(url)
    again = feedparser.parse(url, etag=one.get("etag"), modified=one.get("modified"))
    by_time = feedparser.parse(url, modified=one.get("modified"))
    out.append({"url": url, "status": one.get("status"), "bozo": bool(one.bozo), "why": str(one.get("bozo_exception", "")), "version": one.version,
        "entries": len(one.entries), "ids": [e.get("id") for e in one.entries], "links": [e.get("link") for e in one.entries],
        "authors": [e.get("author") for e in one.entries], "times": [bool(e.get("updated_parsed") or e.get("published_parsed")) for e in one.entries],
        "titles": [e.get("title") for e in one.entries], "content": [e.get("summary", "") + "".join(c.value for c in e.get("content", [])) for e in one.entries],
        "ttl": one.feed.get("ttl"), "again": again.get("status"), "by_time": by_time.get("status")})
print(json.dumps(out))
`

func TestFeedsAreReadByFeedparser(t *testing.T) {
	s := start(t)
	_, commits := followed(t, s, "team/followed")
	var urls []string
	for _, at := range []string{"team/followed/feed/rss", "team/followed/feed/atom", "team/followed/feed-rss?diff=1", "_admin/journal/atom", "_admin/journal_rss"} {
		urls = append(urls, s.feedOf(at))
	}
	// Last-Modified is told from the second after a change on.
	eventually(t, "a time", func() bool {
		told := true
		for _, at := range urls {
			res, _ := fetch(t, "HEAD", at)
			told = told && res.Header.Get("Last-Modified") != ""
		}
		return told
	})
	var read []struct {
		URL, Why, Version, TTL       string
		Status, Entries, Again       int
		ByTime                       int `json:"by_time"`
		Bozo                         bool
		IDs, Links, Authors, Content []string
		Titles                       []string
		Times                        []bool
	}
	cmd := exec.Command("/usr/bin/python3", append([]string{"-c", readTwice}, urls...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("feedparser: %v\n%s", err, errs.String())
	}
	if err := json.Unmarshal(out, &read); err != nil {
		t.Fatalf("feedparser: %v\n%s", err, out)
	}
	seen := map[string]string{}
	for _, f := range read {
		want, who := commits, "Ada"
		if strings.Contains(f.URL, "journal") {
			want, who = 1, s.User
		}
		if f.Status != 200 || f.Bozo || f.Entries != want || f.Again != 304 || f.ByTime != 304 || f.Version != map[bool]string{true: "rss20", false: "atom10"}[strings.Contains(f.URL, "rss")] {
			t.Errorf("%s: status %d, then %d and %d; %d entries of %d; %s; %s", f.URL, f.Status, f.Again, f.ByTime, f.Entries, want, f.Version, f.Why)
		}
		for i, id := range f.IDs {
			if seen[id] != "" && !strings.Contains(f.URL, "diff=1") || id == "" || f.Links[i] == "" || f.Authors[i] != who || !f.Times[i] || f.Titles[i] == "" {
				t.Errorf("%s: entry %d has the id %q (as %s), the link %s, author %s, title %s", f.URL, i, id, seen[id], f.Links[i], f.Authors[i], f.Titles[i])
			}
			seen[id] = f.URL
			acts := f.Content[i]
			if f.Version == "rss20" { // a title of Atom is plain text, and says so
				acts += f.Titles[i]
			}
			if strings.Contains(acts, "<script") {
				t.Errorf("%s: entry %d acts in a browser: %s", f.URL, i, acts)
			}
		}
		if strings.Contains(f.URL, "rss") && f.TTL != "15" {
			t.Errorf("%s: the ttl is %q", f.URL, f.TTL)
		}
	}
}

func TestFeedsAreReadByNewsboat(t *testing.T) {
	s := start(t)
	work, commits := followed(t, s, "team/followed")
	home := t.TempDir()
	urls := strings.Join([]string{s.feedOf("team/followed/feed/rss"), s.feedOf("team/followed/feed/atom"), s.feedOf("team/followed/feed/rss?branch=main"), s.feedOf("_admin/journal/rss")}, "\n") + "\n"
	for name, content := range map[string]string{"urls": urls, "config": "show-read-feeds yes\n"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	unread := func() string {
		t.Helper()
		cmd := exec.Command("newsboat", "-u", filepath.Join(home, "urls"), "-c", filepath.Join(home, "cache.db"), "-C", filepath.Join(home, "config"), "-x", "reload", "print-unread")
		cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TERM=dumb"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("newsboat: %v\n%s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	// It keeps one item of two with the same id: all of each feed are there where ids differ.
	want := fmt.Sprintf("%d unread articles", 3*commits+1)
	// It remembers tags and times of feeds that it knows already, so that they are asked for with these from the third run on.
	for _, run := range []string{"first", "second", "third"} {
		if got := unread(); got != want {
			t.Errorf("the %s run tells of %q, want %q", run, got, want)
		}
	}
	if n := strings.Count(s.log.String(), "status=304"); n != 4 {
		t.Errorf("the third run was answered 304 %d times, want 4 times:\n%s", n, tail(s.log.String()))
	}
	commitAs(t, work, "One more", "", 20)
	git(t, work, "push", "-q", s.mine("team/followed"), "main")
	s.jeton(t, "repo", "rename", "team/followed", "team/renamed")
	want = fmt.Sprintf("%d unread articles", 3*(commits+1)+2)
	if got := unread(); got != want {
		t.Errorf("after a push and a rename there are %q, want %q", got, want)
	}
	if strings.Contains(s.log.String(), s.Tokens["feed"]) {
		t.Error("the log holds the token")
	}
}
