package etag

import (
	"net/http"
	"strings"
	"testing"
)

func TestTagsAreComparedWeaklyAndInLists(t *testing.T) {
	const tag, other = `"tag"`, `"tag.gz"`
	for field, want := range map[string]bool{
		tag: true, "W/" + tag: true, `"x", ` + tag: true, `"x",W/` + tag + `,"y"`: true, "*": true, "": false, `"x"`: false, strings.Trim(tag, `"`): false,
		other: true, `"x", W/` + other: true, `"tag.br"`: false,
	} {
		r, _ := http.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-None-Match", field)
		if Known(r, tag, other) != want {
			t.Errorf("If-None-Match: %s is known: %v", field, !want)
		}
	}
	r, _ := http.NewRequest(http.MethodGet, "/", nil)
	if Known(r, tag) {
		t.Error("a request that has nothing is taken for one that does")
	}
	r.Header["If-None-Match"] = []string{`"x"`, tag}
	if !Known(r, tag) {
		t.Error("of two fields only the first was looked at")
	}
}
