package api

import (
	"slices"
	"strings"

	"jeton/web/api/method"
)

// lacking are RhodeCode's methods about what Jeton has not, by what that is.
var lacking = map[string]string{
	"gists":                        "create_gist delete_gist get_gist get_gists",
	"pull requests":                "close_pull_request comment_pull_request create_pull_request get_pull_request get_pull_requests get_pull_request_comments merge_pull_request update_pull_request",
	"extra fields of repositories": "add_field_to_repo remove_field_from_repo",
	"way to take commits out of a repository":    "strip",
	"sessions of pages that could be cleaned up": "cleanup_sessions",
	"licence of its own":                         "get_license_info set_license_key",
	"store of exceptions; they stand in its log": "store_exception",
	"store of files besides repositories":        "file_store_add file_store_add_with_acl file_store_get_info file_store_add_metadata file_store_delete",
	"search":                                     "search",
	"editing of comments":                        "edit_comment get_comment",
	"integrations; its web hooks are methods":    "create_integration get_integrations delete_integration",
	"scheduler of tasks":                         "create_scheduled_task get_scheduled_tasks",
}

// maxSimilar is how many similar methods are named.
const maxSimilar = 10

// noSuchMethod says that there is no such method, and what Jeton has not, or which are similar.
func (h *Handler) noSuchMethod(name string) error {
	if len(name) > maxMethod {
		return method.Fail(method.Invalid, "No such method: its name is longer than %d bytes", maxMethod)
	}
	for what, names := range lacking {
		if slices.Contains(strings.Fields(names), name) {
			return method.Fail(method.Invalid, "No such method: %s. Jeton has no %s.", name, what)
		}
	}
	similar := strings.Join(h.similar(name), ", ")
	if similar == "" {
		similar = "none"
	}
	return method.Fail(method.Invalid, "No such method: %s. Similar methods: %s", name, similar)
}

// similar are the methods that have most words in common with a name, those with more of them first.
func (h *Handler) similar(name string) []string {
	words := strings.Split(strings.ToLower(name), "_")
	score := func(of string) (n int) {
		for _, w := range words {
			if len(w) > 1 && strings.Contains(of, w) {
				n += len(w)
			}
		}
		return n
	}
	var list []string
	for _, n := range h.names {
		if score(n) > 0 {
			list = append(list, n)
		}
	}
	slices.SortStableFunc(list, func(a, b string) int { return score(b) - score(a) })
	return list[:min(len(list), maxSimilar)]
}
