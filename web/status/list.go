package status

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"jeton/vcs/revision"
	"jeton/web/door"
)

// Pages, in entries: how many one holds where the client says nothing, and at most.
const (
	aPage   = 30
	maxPage = 100
)

// list tells all statuses of a commit, the newest first.
func (h *Handler) list(w http.ResponseWriter, r *http.Request, at Address, v door.Visit) error {
	_, all, err := h.of(r, at, v)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	if state := query.Get("state"); state != "" {
		all = slices.DeleteFunc(all, func(s Status) bool { return s.State != state })
	}
	switch query.Get("sort") { // Gitea's
	case "oldest", "leastupdate", "leastindex":
		slices.Reverse(all)
	}
	all, err = h.page(w, r, all)
	if err != nil {
		return err
	}
	h.answer(w, r, http.StatusOK, h.shapes(at, all))
	return nil
}

// combined tells the newest of each context, and what they come to together.
func (h *Handler) combined(w http.ResponseWriter, r *http.Request, at Address, v door.Visit) error {
	sha, all, err := h.of(r, at, v)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	latest := slices.DeleteFunc(all, func(s Status) bool {
		old := seen[s.Context]
		seen[s.Context] = true
		return old
	})
	out := Combined{State: together(latest), SHA: sha, Total: len(latest), CommitURL: at.repoURL(h.o.URL) + "/commits/" + sha, Repository: h.repository(at, v)}
	out.URL = out.CommitURL + "/status"
	if latest, err = h.page(w, r, latest); err != nil {
		return err
	}
	out.Statuses = h.shapes(at, latest)
	h.answer(w, r, http.StatusOK, out)
	return nil
}

// of reads the statuses of the commit that an address names.
func (h *Handler) of(r *http.Request, at Address, v door.Visit) (sha string, all []Status, err error) {
	if sha, err = h.commit(r.Context(), v.RepoID, at.Ref); err != nil {
		return "", nil, err
	}
	if all, err = h.o.Store.Of(r.Context(), v.RepoID, sha); err != nil {
		return "", nil, fmt.Errorf("read statuses: %w", err)
	}
	return sha, all, nil
}

// together is what statuses come to (GitHub's rule, which is Gitea's too): one that failed fails all, one that is pending
// leaves all so, and none is pending.
func together(latest []Status) string {
	state := "success"
	for _, s := range latest {
		switch s.State {
		case "error", "failure":
			return "failure"
		case "pending":
			state = "pending"
		}
	}
	if len(latest) == 0 {
		return "pending"
	}
	return state
}

// page cuts out the page that was asked for, and tells of the others in Link and X-Total-Count.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, all []Status) ([]Status, error) {
	query := r.URL.Query()
	page, err := count(query, "page", 1)
	if err != nil {
		return nil, err
	}
	name := "per_page"
	if query.Has("limit") {
		name = "limit"
	}
	size, err := count(query, name, aPage)
	if err != nil {
		return nil, err
	}
	size = min(size, maxPage)
	last := max((len(all)+size-1)/size, 1)
	w.Header().Set("X-Total-Count", strconv.Itoa(len(all)))
	var links []string
	for _, l := range []struct {
		rel  string
		to   int
		told bool
	}{{"next", page + 1, page < last}, {"last", last, page < last}, {"first", 1, page > 1}, {"prev", min(page-1, last), page > 1}} {
		if l.told {
			links = append(links, fmt.Sprintf(`<%s?page=%d&%s=%d>; rel="%s"`, h.o.URL+below(r), l.to, name, size, l.rel))
		}
	}
	if len(links) > 0 {
		w.Header().Set("Link", strings.Join(links, ", "))
	}
	if page > last {
		return nil, nil
	}
	return all[(page-1)*size : min(page*size, len(all))], nil
}

// below is the path of a request below the server's address.
func below(r *http.Request) string {
	path := r.URL.EscapedPath()
	for _, base := range Bases() {
		if i := strings.Index(path, "/"+base); i >= 0 {
			return path[i:]
		}
	}
	return path
}

// count reads a number of the query; fallback where there is none, or 0.
func count(query url.Values, name string, fallback int) (int, error) {
	text := query.Get(name)
	if text == "" || text == "0" {
		return fallback, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n > 1_000_000 {
		return 0, no(http.StatusUnprocessableEntity, "bad_page", "%s=%s is no number of a page, or of entries on one.", name, revision.Shown(text))
	}
	return int(n), nil
}
