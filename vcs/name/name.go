// Package name holds the rules for names: of people, of repositories and the groups that they stand in, and of refs.
//
// The words that mean something in an address (archive, info, settings …) may be no segment of a repository's path, and
// the same table cuts an address into repository and rest: router and validator cannot disagree. It is a leaf: it
// imports nothing of ours, so that people and repositories are named by one set of rules.
package name

import (
	"fmt"
	"strings"
)

// MaxPath is how long the path of a repository or group may be, in bytes.
const MaxPath = 255

// Bounds of names: bytes of a segment, segments of a path.
const (
	maxSegment  = 100
	maxSegments = 10
)

// reserved are the words that no segment of a path may be.
func reserved(segment string) bool {
	switch segment {
	case "archive", "raw", "rawfile", "download", "files", "annotate", "diff", "changeset", "raw-changeset", "raw-diff", "changelog",
		"commits", "compare", "branches", "tags", "feed", "feed-rss", "feed-atom", "settings", "info", "objects",
		"git-upload-pack", "git-receive-pack", "git-upload-archive", "head", "!svn":
		return true
	}
	return strings.HasPrefix(segment, "changeset-") || strings.HasPrefix(segment, "_")
}

// Reserved reports whether a segment of an address belongs to the router: as it stands, whatever its case.
func Reserved(segment string) bool { return reserved(strings.ToLower(segment)) }

// Cut splits the path of an address, without its leading slash, at its leftmost reserved segment: "team/app/info/refs"
// is the repository "team/app" and the rest "info/refs". Words count here exactly as the router writes them.
func Cut(path string) (repo, rest string) {
	for at := 0; ; {
		segment, _, more := strings.Cut(path[at:], "/")
		if segment == "HEAD" || segment != "head" && reserved(segment) {
			return strings.TrimSuffix(path[:at], "/"), path[at:]
		}
		if !more {
			return path, ""
		}
		at += len(segment) + 1
	}
}

// Rules are the settings of names; the zero value is the default: ASCII alone.
type Rules struct {
	// Scripts allows letters, marks and digits beyond ASCII: in each segment those of Latin and of one script more
	// (Japanese and Korean count as one script each, though they are written in several).
	Scripts bool
}

// Repository checks the path of a repository or group under the default rules; see Rules.Repository.
func Repository(path string) (string, error) { return Rules{}.Repository(path) }

// User checks the name of a person under the default rules; see Rules.User.
func User(s string) (string, error) { return Rules{}.User(s) }

// Repository checks the path of a repository or group, such as "team/sub/app", and returns it as it is. The error is a
// sentence that names the rule and the part that breaks it.
func (r Rules) Repository(path string) (string, error) {
	if len(path) > MaxPath {
		return "", fmt.Errorf("the path is %d bytes long; at most %d are allowed", len(path), MaxPath)
	}
	segments := strings.Split(path, "/")
	if len(segments) > maxSegments {
		return "", fmt.Errorf("the path has %d parts; at most %d are allowed", len(segments), maxSegments)
	}
	if foreign(segments) {
		return "", fmt.Errorf("%q begins as the addresses do at which builds speak of commits; choose another word for %q", path, segments[1])
	}
	for _, s := range segments {
		if err := r.segment(s); err != nil {
			return "", err
		}
		if Reserved(s) || Reserved(Fold(s)) {
			return "", fmt.Errorf("%q means something in addresses and can be no part of a path; choose another word", s)
		}
	}
	return path, nil
}

// foreign tells whether a path begins as the addresses of Gitea's and GitHub's API do. Nothing new may stand there; what was
// made there before keeps its addresses, for Cut knows nothing of this.
func foreign(segments []string) bool {
	if len(segments) < 2 || Fold(segments[0]) != "api" {
		return false
	}
	version := Fold(segments[1])
	return version == "v1" || version == "v3"
}

// User checks the name of a person, and returns it as it is. Names that stand for a token's owner are nobody's. The
// error is a sentence that names the rule.
func (r Rules) User(s string) (string, error) {
	if err := r.segment(s); err != nil {
		return "", err
	}
	switch folded := Fold(s); {
	case Reserved(folded):
		return "", fmt.Errorf("%q means something in addresses and can be no user name; choose another word", s)
	case TokenUser(folded):
		return "", fmt.Errorf("%q stands for the owner of a token and can be no user name; choose another word", s)
	}
	return s, nil
}

// TokenUser reports whether a user name beside a token stands for the token's owner, whoever that is.
func TokenUser(s string) bool {
	switch s {
	case "git", "token", "oauth2", "x-access-token", "x-token-auth", "gitlab-ci-token":
		return true
	}
	return false
}

// segment checks one part of a path.
func (r Rules) segment(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("the name is empty, or has an empty part: two slashes, or one at an end")
	case len(s) > maxSegment:
		return fmt.Errorf("%.20q… is %d bytes long; at most %d are allowed", s, len(s), maxSegment)
	case s[0] == '.' || s[len(s)-1] == '.':
		return fmt.Errorf("%q begins or ends with a dot; leave it away", s)
	case strings.Contains(s, ".."):
		return fmt.Errorf("%q holds two dots in a row; one is allowed", s)
	case s[0] == '-':
		return fmt.Errorf("%q begins with a dash, which programs take for an option", s)
	}
	// Folded, so that no letter that only looks like another brings the ending in.
	if folded := Fold(s); strings.HasSuffix(folded, ".git") || strings.HasSuffix(folded, ".lock") {
		return fmt.Errorf("%q ends with .git or .lock; leave the ending away", s)
	}
	if r.Scripts {
		return scripts(s)
	}
	for _, c := range s {
		if !plain(c) {
			return fmt.Errorf("%q holds %q; letters a-z, digits, dash, underscore and dot are allowed", s, c)
		}
	}
	return nil
}

// plain reports whether a character is allowed in every name.
func plain(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// Ref reports whether s is a full ref name by the rules of git-check-ref-format: two parts at least, and nothing in
// them that a shell, a file system or git's revision syntax would take for something else. It sets no length.
func Ref(s string) bool {
	if !strings.Contains(s, "/") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") || strings.Contains(s, "@{") {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || strings.IndexByte(`~^:?*[\`, c) >= 0 {
			return false
		}
	}
	return true
}
