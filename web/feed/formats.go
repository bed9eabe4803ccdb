package feed

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"time"
)

// format is one of those in which a feed is written.
type format struct {
	name, mime string
	encode     func(f Feed, ttl time.Duration) ([]byte, error)
}

// formats are all of them, by the last word of an address.
var formats = []format{
	{"rss", "application/rss+xml; charset=utf-8", encodeRSS},
	{"atom", "application/atom+xml; charset=utf-8", encodeAtom},
	{"json", "application/feed+json; charset=utf-8", encodeJSON},
}

func formatOf(name string) (format, bool) {
	for _, f := range formats {
		if f.name == name {
			return f, true
		}
	}
	return format{}, false
}

// markup writes a value as an XML document.
func markup(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// rssDocument is RSS 2.0 (RSS Advisory Board, "RSS 2.0 Specification"), with the modules that its profile recommends:
// atom:link for the feed's own address, dc:creator for names, since an author must be a mail address there.
type rssDocument struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	DC      string     `xml:"xmlns:dc,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Description string    `xml:"description"`
	Self        link      `xml:"atom:link"`
	Built       string    `xml:"lastBuildDate"`
	Generator   string    `xml:"generator"`
	TTL         int       `xml:"ttl"` // minutes
	Items       []rssItem `xml:"item"`
}

type rssItem struct {
	Title       string  `xml:"title"`
	Link        string  `xml:"link"`
	Description string  `xml:"description"` // HTML
	Creator     string  `xml:"dc:creator"`
	Category    string  `xml:"category"`
	GUID        rssGUID `xml:"guid"`
	Published   string  `xml:"pubDate"`
}

type rssGUID struct {
	PermaLink bool   `xml:"isPermaLink,attr"`
	ID        string `xml:",chardata"`
}

// link is atom:link (RFC 4287 section 4.2.7).
type link struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

const (
	atomSpace = "http://www.w3.org/2005/Atom"
	dcSpace   = "http://purl.org/dc/elements/1.1/"
	generator = "Jeton"
)

func encodeRSS(f Feed, ttl time.Duration) ([]byte, error) {
	d := rssDocument{Version: "2.0", Atom: atomSpace, DC: dcSpace, Channel: rssChannel{
		Title: rssTitle(f.Title), Link: f.Home, Description: rssTitle(f.About), Self: link{"self", "application/rss+xml", f.Self},
		Built: rfc822(f.Updated), Generator: generator, TTL: max(1, int(ttl/time.Minute))}}
	for _, e := range f.Entries {
		d.Channel.Items = append(d.Channel.Items, rssItem{Title: rssTitle(e.Title), Link: e.Link, Description: e.HTML, Creator: e.Author,
			Category: e.Kind, GUID: rssGUID{false, urn("rss", e.Name)}, Published: rfc822(e.Updated)})
	}
	return markup(d)
}

// rfc822 is a date as RSS has it (RFC 822 section 5, with four digits for the year).
func rfc822(t time.Time) string { return writable(t).Format(http.TimeFormat) }

// rfc3339 is a date as Atom and JSON Feed have it.
func rfc3339(t time.Time) string { return writable(t).Format(time.RFC3339) }

// writable brings a time into the years that the formats can write, in UTC, since not every zone that a commit tells is
// one there.
func writable(t time.Time) time.Time {
	switch t = t.UTC(); {
	case t.Year() < 1970:
		return time.Unix(0, 0).UTC()
	case t.Year() > 9999:
		return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	return t
}

// atomDocument is Atom 1.0 (RFC 4287 section 4.1.1).
type atomDocument struct {
	XMLName   xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID        string      `xml:"id"`
	Title     string      `xml:"title"`
	Subtitle  string      `xml:"subtitle"`
	Updated   string      `xml:"updated"`
	Author    atomPerson  `xml:"author"`
	Links     []link      `xml:"link"`
	Generator string      `xml:"generator"`
	Entries   []atomEntry `xml:"entry"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomEntry struct {
	ID        string       `xml:"id"`
	Title     string       `xml:"title"`
	Link      link         `xml:"link"`
	Author    atomPerson   `xml:"author"`
	Published string       `xml:"published"`
	Updated   string       `xml:"updated"`
	Category  atomCategory `xml:"category"`
	Content   atomText     `xml:"content"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

func encodeAtom(f Feed, _ time.Duration) ([]byte, error) {
	d := atomDocument{ID: urn("atom", f.Name), Title: f.Title, Subtitle: f.About, Updated: rfc3339(f.Updated), Author: atomPerson{generator}, Generator: generator,
		Links: []link{{"self", "application/atom+xml", f.Self}, {"alternate", "text/html", f.Home}}}
	for _, e := range f.Entries {
		d.Entries = append(d.Entries, atomEntry{ID: urn("atom", e.Name), Title: e.Title, Link: link{"alternate", "text/html", e.Link},
			Author: atomPerson{e.Author}, Published: rfc3339(e.Published), Updated: rfc3339(e.Updated), Category: atomCategory{e.Kind},
			Content: atomText{"html", e.HTML}})
	}
	return markup(d)
}

// jsonDocument is JSON Feed 1.1 (jsonfeed.org, "JSON Feed Version 1.1").
type jsonDocument struct {
	Version     string     `json:"version"`
	Title       string     `json:"title"`
	Home        string     `json:"home_page_url"`
	Self        string     `json:"feed_url"`
	Description string     `json:"description"`
	Items       []jsonItem `json:"items"`
}

type jsonItem struct {
	ID        string       `json:"id"`
	URL       string       `json:"url"`
	Title     string       `json:"title"`
	HTML      string       `json:"content_html"`
	Text      string       `json:"content_text"`
	Published string       `json:"date_published"`
	Modified  string       `json:"date_modified"`
	Authors   []jsonAuthor `json:"authors"`
	Tags      []string     `json:"tags"`
}

type jsonAuthor struct {
	Name string `json:"name"`
}

func encodeJSON(f Feed, _ time.Duration) ([]byte, error) {
	d := jsonDocument{Version: "https://jsonfeed.org/version/1.1", Title: f.Title, Home: f.Home, Self: f.Self, Description: f.About, Items: []jsonItem{}}
	for _, e := range f.Entries {
		d.Items = append(d.Items, jsonItem{ID: urn("json", e.Name), URL: e.Link, Title: e.Title, HTML: e.HTML, Text: e.Text,
			Published: rfc3339(e.Published), Modified: rfc3339(e.Updated), Authors: []jsonAuthor{{e.Author}}, Tags: []string{e.Kind}})
	}
	text, err := json.Marshal(d)
	return append(text, '\n'), err
}
