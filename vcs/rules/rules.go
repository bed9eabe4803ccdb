// Package rules is what the administrator of one repository lays down for its clients: which refs they see, what they may
// fetch, which branches are protected, which faults in objects are forgiven.
//
// It is vocabulary: host keeps the rules, upload and receive follow them. It imports name and nothing else of ours.
package rules

import (
	"slices"
	"strings"
)

// Rules are those of one repository; the zero value is what holds where nobody has laid anything down.
type Rules struct {
	// Hidden are patterns of refs that clients neither see nor move, as git's transfer.hideRefs has them: a prefix of whole
	// parts of the name; a later pattern wins; one that begins with ! shows again what an earlier one hides.
	Hidden []string
	// AdvertisedOnly lets clients want what refs point to, and nothing that is merely reachable from there.
	AdvertisedOnly bool
	// Bundles are told to clients that ask where to begin a clone (gitprotocol-v2, "bundle-uri").
	Bundles []Bundle
	// DenyDeletes and DenyForce hold for all refs, tags too (receive.denyDeletes, receive.denyNonFastForwards; git's own hold
	// for branches alone).
	DenyDeletes, DenyForce bool
	// Branches are the protected ones; the first pattern that matches a ref holds for it.
	Branches []Branch
	// Exempt are ids of fsck's messages that are forgiven in what is pushed, such as zeroPaddedFilemode.
	Exempt []string
	// Secrets is what becomes of pushes that seem to bring other people's secrets; "" where nothing was laid down, which is
	// SecretsWarn. A live token of this server is always refused.
	Secrets Secrets
	// NoSkip says that a pusher may not go past a refusal for secrets.
	NoSkip bool
	// NoArchives says that nobody is given archives, neither downloads nor those of git archive --remote.
	NoArchives bool
	// Lock lets one person alone push. It is laid down apart from the other rules, by whoever locks the repository.
	Lock Lock
}

// Lock is that one person alone may push; the zero value is none.
type Lock struct {
	// ActorID is the person's id, Name what others are told.
	ActorID, Name string
}

// Bars reports whether the lock keeps an actor from pushing.
func (l Lock) Bars(actorID string) bool { return l.ActorID != "" && l.ActorID != actorID }

// Secrets is what becomes of pushes that seem to bring secrets.
type Secrets string

// What becomes of them: nobody looks, the pusher is told, the push is refused.
const (
	SecretsOff    Secrets = "off"
	SecretsWarn   Secrets = "warn"
	SecretsRefuse Secrets = "refuse"
)

// Bundle is a file from which a client may begin.
type Bundle struct{ ID, URI string }

// Branch protects refs.
type Branch struct {
	// Pattern is of full ref names: * stands for any characters but a slash, ** for any at all, ? for one but a slash.
	Pattern string
	// Force and Delete say that they are allowed all the same.
	Force, Delete bool
	// NoCreate says that no ref may be made that the pattern matches.
	NoCreate bool
	// Who may push, by the ids of actors, or the lines of their tokens; nobody named means everybody who may write.
	Who []string
}

// Lets reports whether somebody may push who has one of these names: an actor's id, and its token's line. "" is no name.
func (b Branch) Lets(names ...string) bool {
	return len(b.Who) == 0 || slices.ContainsFunc(names, func(n string) bool { return n != "" && slices.Contains(b.Who, n) })
}

// Own begins the names of refs that are the server's own.
const Own = "refs/jeton/"

// Owns reports whether a ref is the server's own, below refs/jeton/: never shown and never taken. Case does not matter: where the file system, or the server, folds names,
// another spelling is the same ref.
func Owns(ref string) bool {
	first, rest, _ := strings.Cut(ref, "/")
	second, _, more := strings.Cut(rest, "/")
	return more && strings.EqualFold(first, "refs") && strings.EqualFold(second, "jeton")
}

// Above reports whether hidden refs may lie below a name: a ref of that name could not stand beside them, and whether it
// can must not tell whether they are there.
func (r *Rules) Above(ref string) bool {
	for _, pattern := range r.Hidden {
		if strings.HasPrefix(strings.TrimPrefix(pattern, "^"), ref+"/") {
			return true
		}
	}
	return false
}

// Hides reports whether a ref is hidden from clients.
func (r *Rules) Hides(ref string) bool {
	if Owns(ref) {
		return true
	}
	for i := len(r.Hidden) - 1; i >= 0; i-- {
		pattern, shows := strings.CutPrefix(r.Hidden[i], "!")
		pattern = strings.TrimRight(strings.TrimPrefix(pattern, "^"), "/")
		if rest, ok := strings.CutPrefix(ref, pattern); ok && (rest == "" || rest[0] == '/') {
			return !shows
		}
	}
	return false
}
