package feed

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// node is an element of an XML document, read by nothing that the encoders know.
type node struct {
	space, name string
	attrs       map[string]string
	text        string
	under       []*node
}

func (n *node) all(space, name string) (list []*node) {
	for _, u := range n.under {
		if u.space == space && u.name == name {
			list = append(list, u)
		}
	}
	return list
}

func parse(t testing.TB, text string) *node {
	t.Helper()
	root := &node{}
	stack := []*node{root}
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("no XML: %v in\n%s", err, text)
		}
		top := stack[len(stack)-1]
		switch at := token.(type) {
		case xml.StartElement:
			n := &node{space: at.Name.Space, name: at.Name.Local, attrs: map[string]string{}}
			for _, a := range at.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			top.under, stack = append(top.under, n), append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(at)
		}
	}
	if len(root.under) != 1 {
		t.Fatalf("a document of %d roots", len(root.under))
	}
	return root.under[0]
}

// checker collects what a validator would find.
type checker struct {
	t    testing.TB
	what string
	ids  map[string]bool
}

func (c *checker) failf(format string, args ...any) {
	c.t.Helper()
	c.t.Errorf(c.what+": "+format, args...)
}

// one is the text of the only element of a name, which must be there and, with full, not be empty.
func (c *checker) one(n *node, space, name string, full bool) string {
	c.t.Helper()
	list := n.all(space, name)
	if len(list) != 1 {
		c.failf("<%s> has %d of <%s>, want one", n.name, len(list), name)
		return ""
	}
	if full && strings.TrimSpace(list[0].text) == "" {
		c.failf("<%s> of <%s> is empty", name, n.name)
	}
	return list[0].text
}

func (c *checker) link(s string) {
	c.t.Helper()
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() || u.Host == "" || strings.ContainsAny(s, " <>\"{}|\\^`\n") {
		c.failf("%q is no absolute address: %v", s, err)
	}
	if strings.Contains(s, "token") || strings.Contains(s, "api_key") {
		c.failf("%q carries a token", s)
	}
}

var uuid = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func (c *checker) id(s string) {
	c.t.Helper()
	if !uuid.MatchString(s) {
		c.failf("the id %q is no URN of a UUID of version 5", s)
	}
	if c.ids[s] {
		c.failf("the id %s is there twice", s)
	}
	c.ids[s] = true
}

func (c *checker) date(layout, s string) {
	c.t.Helper()
	at, err := time.Parse(layout, s)
	if err != nil || at.Year() < 1970 {
		c.failf("%q is no date: %v", s, err)
	}
}

func (c *checker) markup(s string) {
	c.t.Helper()
	for _, bad := range []string{"<script", "<img", "<iframe", "onerror=\"", "javascript:"} {
		if strings.Contains(strings.ToLower(s), bad) {
			c.failf("the content holds %s: %s", bad, s)
		}
	}
}

const (
	atomNS = "http://www.w3.org/2005/Atom"
	dcNS   = "http://purl.org/dc/elements/1.1/"
)

// check finds in a feed what the validators of the W3C and of jsonfeed.org would complain of, and answers how many entries
// it has: required elements once each, unique ids, absolute links, dates, the feed's own address, and characters.
func check(t testing.TB, format, text string) (entries int) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: no UTF-8", format)
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f || r&0xfffe == 0xfffe {
			t.Errorf("%s: the character %U is in it", format, r)
		}
	}
	c := &checker{t: t, what: format, ids: map[string]bool{}}
	switch format {
	case "rss":
		return c.rss(parse(t, text))
	case "atom":
		return c.atom(parse(t, text))
	}
	return c.json(text)
}

// rss checks by the RSS 2.0 specification and the RSS Advisory Board's profile.
func (c *checker) rss(root *node) int {
	c.t.Helper()
	if root.name != "rss" || root.attrs["version"] != "2.0" || len(root.all("", "channel")) != 1 {
		c.failf("the root is %+v", root)
		return 0
	}
	ch := root.all("", "channel")[0]
	c.one(ch, "", "title", true)
	c.one(ch, "", "description", true)
	c.link(c.one(ch, "", "link", true))
	c.date(time.RFC1123, c.one(ch, "", "lastBuildDate", true))
	if c.one(ch, "", "ttl", true) == "0" {
		c.failf("the ttl is none")
	}
	self := ch.all(atomNS, "link")
	if len(self) != 1 || self[0].attrs["rel"] != "self" || self[0].attrs["type"] != "application/rss+xml" {
		c.failf("the feed's own address is %+v", self)
	} else {
		c.link(self[0].attrs["href"])
	}
	items := ch.all("", "item")
	for _, it := range items {
		if title := c.one(it, "", "title", true); strings.Contains(title, "<") {
			c.failf("the title %q would be taken for HTML", title)
		}
		c.markup(c.one(it, "", "description", false))
		c.link(c.one(it, "", "link", true))
		c.date(time.RFC1123, c.one(it, "", "pubDate", true))
		c.one(it, dcNS, "creator", true)
		c.id(c.one(it, "", "guid", true))
		if it.all("", "guid")[0].attrs["isPermaLink"] != "false" {
			c.failf("a guid that is no address says that it is one")
		}
	}
	return len(items)
}

// atom checks by RFC 4287, sections 4.1.1 and 4.1.2.
func (c *checker) atom(root *node) int {
	c.t.Helper()
	if root.name != "feed" || root.space != atomNS {
		c.failf("the root is %+v", root)
		return 0
	}
	common := func(n *node) {
		c.id(c.one(n, atomNS, "id", true))
		c.one(n, atomNS, "title", true)
		c.date(time.RFC3339, c.one(n, atomNS, "updated", true))
		for _, a := range n.all(atomNS, "author") {
			c.one(a, atomNS, "name", true)
		}
		rels := map[string]int{}
		for _, l := range n.all(atomNS, "link") {
			rels[l.attrs["rel"]]++
			c.link(l.attrs["href"])
		}
		if rels["alternate"] != 1 || n == root && rels["self"] != 1 {
			c.failf("<%s> has the links %v", n.name, rels)
		}
	}
	common(root)
	list := root.all(atomNS, "entry")
	for _, e := range list {
		common(e)
		c.date(time.RFC3339, c.one(e, atomNS, "published", true))
		content := e.all(atomNS, "content")
		if len(content) != 1 || content[0].attrs["type"] != "html" || len(content[0].under) > 0 {
			c.failf("the content is %+v", content)
		} else {
			c.markup(content[0].text)
		}
	}
	return len(list)
}

// json checks by JSON Feed 1.1.
func (c *checker) json(text string) int {
	c.t.Helper()
	var f map[string]any
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		c.failf("no JSON: %v", err)
		return 0
	}
	str := func(m map[string]any, key string) string {
		s, _ := m[key].(string)
		if s == "" {
			c.failf("%s is %v", key, m[key])
		}
		return s
	}
	if f["version"] != "https://jsonfeed.org/version/1.1" {
		c.failf("the version is %v", f["version"])
	}
	str(f, "title")
	c.link(str(f, "home_page_url"))
	c.link(str(f, "feed_url"))
	items, ok := f["items"].([]any)
	if !ok {
		c.failf("items are %v", f["items"])
	}
	for _, one := range items {
		m, _ := one.(map[string]any)
		c.id(str(m, "id"))
		c.link(str(m, "url"))
		str(m, "title")
		c.markup(str(m, "content_html"))
		c.date(time.RFC3339, str(m, "date_published"))
		c.date(time.RFC3339, str(m, "date_modified"))
		authors, _ := m["authors"].([]any)
		if len(authors) != 1 || authors[0].(map[string]any)["name"] == "" {
			c.failf("the authors are %v", m["authors"])
		}
	}
	return len(items)
}

// ids are the ids of entries in a feed.
func ids(text string) []string {
	return regexp.MustCompile(`urn:uuid:[0-9a-f-]+`).FindAllString(text, -1)
}
