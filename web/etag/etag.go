// Package etag compares entity tags (RFC 9110, section 8.8.3). It imports nothing of ours.
package etag

import (
	"net/http"
	"slices"
	"strings"
)

// Known reports whether If-None-Match says that the client has an answer already that bears one of some tags, which are
// given with their quotes and hold no comma. They are compared weakly, and * is any (RFC 9110, section 13.1.2).
func Known(r *http.Request, tags ...string) bool {
	for _, field := range r.Header.Values("If-None-Match") {
		for one := range strings.SplitSeq(field, ",") { // a tag of ours holds no comma, and another's cannot be ours
			if one = strings.TrimSpace(one); one == "*" || slices.Contains(tags, strings.TrimPrefix(one, "W/")) {
				return true
			}
		}
	}
	return false
}
