package status

import (
	"net/url"
	"strings"

	"jeton/vcs/name"
)

// Bases are the beginnings of the addresses, below the server's own: Gitea's and GitHub's.
func Bases() []string { return []string{"api/v1/repos/", "api/v3/repos/"} }

// Address is one of the addresses, taken apart.
type Address struct {
	// Base is its beginning, one of Bases.
	Base string
	// Owner is the group as it was written, decoded; Repo is the repository's whole path.
	Owner, Repo string
	// Ref is what names the commit: an id, a branch, a tag.
	Ref string
	// Combined asks for the newest of each context; Set tells that a status may be said there.
	Combined, Set bool
}

// Parse takes the path of a request apart, below the server's address, as it was sent and not decoded; false where it is
// none of these addresses. Whatever a repository of that path would be asked for is none of them.
func Parse(escaped string) (Address, bool) {
	for _, base := range Bases() {
		if rest, ok := strings.CutPrefix(escaped, base); ok {
			return parse(base, rest)
		}
	}
	return Address{}, false
}

func parse(base, rest string) (Address, bool) {
	parts := strings.Split(rest, "/")
	if len(parts) < 4 {
		return Address{}, false
	}
	a, last := Address{Base: base}, parts[len(parts)-1]
	ref := parts[3:]
	switch kind := parts[2]; {
	case kind == "statuses" && len(parts) == 4:
		a.Set = true
	case kind == "commits" && len(parts) > 4 && (last == "status" || last == "statuses"):
		a.Combined, ref = last == "status", ref[:len(ref)-1]
	default:
		return a, false
	}
	var repo string
	for to, raw := range map[*string]string{&a.Owner: parts[0], &repo: parts[1], &a.Ref: strings.Join(ref, "/")} {
		text, err := url.PathUnescape(raw)
		if err != nil || text == "" || strings.ContainsRune(text, 0) {
			return a, false
		}
		*to = text
	}
	if strings.Contains(repo, "/") || a.Set && name.Reserved(a.Ref) {
		return a, false
	}
	if a.Repo = strings.TrimSuffix(repo, ".git"); a.Owner != "-" {
		a.Repo = a.Owner + "/" + a.Repo
	}
	return a, true
}

// repoURL is the address of the repository in the API, in the client's base.
func (a Address) repoURL(server string) string {
	repo := a.Repo[strings.LastIndexByte(a.Repo, '/')+1:]
	return server + "/" + a.Base + url.PathEscape(a.Owner) + "/" + url.PathEscape(repo)
}
