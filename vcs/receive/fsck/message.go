// Package fsck finds what git-fsck finds in one object, and calls it by git's message ids.
//
// An object goes in as its raw content, and out comes a Set of messages, which costs no memory where nothing is wrong:
//
//	Commit, Tag          lines of the header, people, dates
//	Tree                 modes, order, names that some file system takes for .git or for "the folder above";
//	                     it tells as well which blobs are files that git itself reads
//	Modules, Attributes  the content of those: .gitmodules and .gitattributes
//
// What becomes of a fault is decided by a Policy: refused, or accepted and noted. What needs more than one object (is a
// link's target there, and of its type?) is the question of package reach. The rules are those of git 2.39 to 2.49
// (fsck-msgids); docs/checks.md has them with the reasons. The package imports oid, object and name, and does no I/O.
package fsck

import (
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"strings"
)

// Message is one kind of fault, by git's own name for it.
type Message uint8

// The messages, in the order in which several of one object are told.
const (
	NulInHeader Message = iota
	UnterminatedHeader
	MissingTree
	BadTreeSha1
	BadParentSha1
	MissingObject
	BadObjectSha1
	MissingTypeEntry
	MissingType
	BadType
	UnknownType
	MissingTagEntry
	MissingTag
	BadTree
	NullSha1
	FullPathname
	EmptyName
	HasDot
	HasDotdot
	DuplicateEntries
	TreeNotSorted
	LargePathname
	HasDotgit
	MissingAuthor
	MultipleAuthors
	MissingCommitter
	GitmodulesSymlink
	GitmodulesMissing
	GitmodulesBlob
	GitmodulesLarge
	GitmodulesName
	GitmodulesURL
	GitmodulesPath
	GitmodulesUpdate
	GitattributesMissing
	GitattributesBlob
	GitattributesLarge
	GitattributesLineLength
	GitmodulesParse
	GitattributesSymlink
	GitignoreSymlink
	MailmapSymlink
	ZeroPaddedFilemode
	BadFilemode
	MissingNameBeforeEmail
	BadName
	MissingEmail
	MissingSpaceBeforeEmail
	BadEmail
	MissingSpaceBeforeDate
	ZeroPaddedDate
	BadDateOverflow
	BadDate
	BadTimezone
	NulInCommit
	BadTagName
	MissingTaggerEntry
	ExtraHeaderEntry
	messages // how many there are: at most 64
)

// Rank is what becomes of a push with a fault, unless an administrator says otherwise.
type Rank uint8

// The ranks.
const (
	// Fatal is refused, whatever anybody says: the server, an unpacked archive or a clone would come to harm.
	Fatal Rank = iota
	// Refused is refused, unless the repository's administrator has exempted it.
	Refused
	// Noted is accepted, told to the pusher and kept with the push.
	Noted
)

// String is the rank's word in tables.
func (r Rank) String() string { return [...]string{"refused always", "refused", "noted"}[r] }

// kinds is what is to be known of each message: git's id, its sentence, and what becomes of it.
var kinds = [messages]struct {
	id, text string
	rank     Rank
}{
	NulInHeader:             {"nulInHeader", "unterminated header: it has a NUL byte", Fatal},
	UnterminatedHeader:      {"unterminatedHeader", "unterminated header", Fatal},
	MissingTree:             {"missingTree", "invalid format - expected 'tree' line", Fatal},
	BadTreeSha1:             {"badTreeSha1", "invalid 'tree' line format - bad sha1", Fatal},
	BadParentSha1:           {"badParentSha1", "invalid 'parent' line format - bad sha1", Fatal},
	MissingObject:           {"missingObject", "invalid format - expected 'object' line", Fatal},
	BadObjectSha1:           {"badObjectSha1", "invalid 'object' line format - bad sha1", Fatal},
	MissingTypeEntry:        {"missingTypeEntry", "invalid format - expected 'type' line", Fatal},
	MissingType:             {"missingType", "invalid format - unexpected end after 'type' line", Fatal},
	BadType:                 {"badType", "invalid 'type' value", Fatal},
	UnknownType:             {"unknownType", "unknown type", Fatal},
	MissingTagEntry:         {"missingTagEntry", "invalid format - expected 'tag' line", Fatal},
	MissingTag:              {"missingTag", "invalid format - unexpected end after 'tag' line", Fatal},
	BadTree:                 {"badTree", "cannot be parsed as a tree", Fatal},
	NullSha1:                {"nullSha1", "contains entries pointing to null sha1", Fatal},
	FullPathname:            {"fullPathname", "contains full pathnames", Fatal},
	EmptyName:               {"emptyName", "contains empty pathname", Fatal},
	HasDot:                  {"hasDot", "contains '.'", Fatal},
	HasDotdot:               {"hasDotdot", "contains '..'", Fatal},
	DuplicateEntries:        {"duplicateEntries", "contains duplicate file entries", Fatal},
	TreeNotSorted:           {"treeNotSorted", "not properly sorted", Fatal},
	LargePathname:           {"largePathname", "contains excessively large pathname", Fatal},
	HasDotgit:               {"hasDotgit", "contains '.git'", Fatal},
	MissingAuthor:           {"missingAuthor", "invalid format - expected 'author' line", Refused},
	MultipleAuthors:         {"multipleAuthors", "invalid format - multiple 'author' lines", Refused},
	MissingCommitter:        {"missingCommitter", "invalid format - expected 'committer' line", Refused},
	GitmodulesSymlink:       {"gitmodulesSymlink", ".gitmodules is a symbolic link", Fatal},
	GitmodulesMissing:       {"gitmodulesMissing", "unable to read .gitmodules blob", Refused},
	GitmodulesBlob:          {"gitmodulesBlob", "non-blob found at .gitmodules", Refused},
	GitmodulesLarge:         {"gitmodulesLarge", ".gitmodules too large to parse", Refused},
	GitmodulesName:          {"gitmodulesName", "disallowed submodule name", Fatal},
	GitmodulesURL:           {"gitmodulesUrl", "disallowed submodule url", Fatal},
	GitmodulesPath:          {"gitmodulesPath", "disallowed submodule path", Fatal},
	GitmodulesUpdate:        {"gitmodulesUpdate", "disallowed submodule update setting", Fatal},
	GitattributesMissing:    {"gitattributesMissing", "unable to read .gitattributes blob", Refused},
	GitattributesBlob:       {"gitattributesBlob", "non-blob found at .gitattributes", Refused},
	GitattributesLarge:      {"gitattributesLarge", ".gitattributes too large to parse", Refused},
	GitattributesLineLength: {"gitattributesLineLength", ".gitattributes has too long lines to parse", Refused},
	GitmodulesParse:         {"gitmodulesParse", "could not parse gitmodules blob", Noted},
	GitattributesSymlink:    {"gitattributesSymlink", ".gitattributes is a symlink", Noted},
	GitignoreSymlink:        {"gitignoreSymlink", ".gitignore is a symlink", Noted},
	MailmapSymlink:          {"mailmapSymlink", ".mailmap is a symlink", Noted},
	ZeroPaddedFilemode:      {"zeroPaddedFilemode", "contains zero-padded file modes", Noted},
	BadFilemode:             {"badFilemode", "contains bad file modes", Noted},
	MissingNameBeforeEmail:  {"missingNameBeforeEmail", "invalid author/committer line - missing space before email", Noted},
	BadName:                 {"badName", "invalid author/committer line - bad name", Noted},
	MissingEmail:            {"missingEmail", "invalid author/committer line - missing email", Noted},
	MissingSpaceBeforeEmail: {"missingSpaceBeforeEmail", "invalid author/committer line - missing space before email", Noted},
	BadEmail:                {"badEmail", "invalid author/committer line - bad email", Noted},
	MissingSpaceBeforeDate:  {"missingSpaceBeforeDate", "invalid author/committer line - missing space before date", Noted},
	ZeroPaddedDate:          {"zeroPaddedDate", "invalid author/committer line - zero-padded date", Noted},
	BadDateOverflow:         {"badDateOverflow", "invalid author/committer line - date causes integer overflow", Noted},
	BadDate:                 {"badDate", "invalid author/committer line - bad date", Noted},
	BadTimezone:             {"badTimezone", "invalid author/committer line - bad time zone", Noted},
	NulInCommit:             {"nulInCommit", "NUL byte in the commit object body", Noted},
	BadTagName:              {"badTagName", "invalid 'tag' name", Noted},
	MissingTaggerEntry:      {"missingTaggerEntry", "invalid format - expected 'tagger' line", Noted},
	ExtraHeaderEntry:        {"extraHeaderEntry", "invalid format - extra header(s) after 'tagger'", Noted},
}

// String is git's id of a message, such as hasDotgit.
func (m Message) String() string { return kinds[m].id }

// Text is git's sentence for it, without what is special to one object.
func (m Message) Text() string { return kinds[m].text }

// Rank is what becomes of a push where nobody has exempted the message.
func (m Message) Rank() Rank { return kinds[m].rank }

// Set is the set of this message alone.
func (m Message) Set() Set { return 1 << m }

// All are the messages, in their order.
func All() iter.Seq[Message] { return Set(1<<messages - 1).All() }

// Parse finds a message by its id; upper and lower case are the same, as they are in git's configuration.
func Parse(id string) (Message, bool) {
	for m := range messages {
		if strings.EqualFold(kinds[m].id, id) {
			return m, true
		}
	}
	return 0, false
}

// Errors of Exemptable.
var (
	ErrUnknown = errors.New("no such message of git-fsck")
	ErrFatal   = errors.New("it cannot be exempted: the server, or whoever clones, would come to harm")
)

// Exemptable returns how git writes the id of a message that an administrator wants to exempt; the error wraps ErrUnknown
// or ErrFatal and is a sentence for people.
func Exemptable(id string) (string, error) {
	m, ok := Parse(id)
	switch {
	case !ok:
		return "", fmt.Errorf("%q: %w", id, ErrUnknown)
	case m.Rank() == Fatal:
		return "", fmt.Errorf("%s: %w", m, ErrFatal)
	}
	return m.String(), nil
}

// Set is a set of messages.
type Set uint64

func (s *Set) add(m Message) { *s |= 1 << m }

// Has reports whether a message is in the set.
func (s Set) Has(m Message) bool { return s&(1<<m) != 0 }

// All goes through the messages of a set in their order.
func (s Set) All() iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for ; s != 0; s &= s - 1 {
			if !yield(Message(bits.TrailingZeros64(uint64(s)))) {
				return
			}
		}
	}
}

// of is the set of some messages.
func of(list ...Message) Set {
	var s Set
	for _, m := range list {
		s.add(m)
	}
	return s
}

// Policy says what becomes of faults in one repository; the zero value lets everything pass.
type Policy struct{ refuse, note Set }

// NewPolicy is that of a repository whose administrator has exempted some ids: what would be refused is noted instead,
// what would be noted is not even told. Ids that are unknown or cannot be exempted change nothing.
func NewPolicy(exempt []string) Policy {
	var p Policy
	for m := range All() {
		if m.Rank() == Noted {
			p.note.add(m)
		} else {
			p.refuse.add(m)
		}
	}
	for _, id := range exempt {
		m, ok := Parse(id)
		switch {
		case !ok || m.Rank() == Fatal:
		case m.Rank() == Refused:
			p.refuse &^= 1 << m
			p.note.add(m)
		default:
			p.note &^= 1 << m
		}
	}
	return p
}

// Judge divides what was found into what is refused and what is accepted and told.
func (p Policy) Judge(found Set) (refused, noted Set) { return found & p.refuse, found & p.note }
