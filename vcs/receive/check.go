package receive

import (
	"fmt"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/receive/fsck"
	"jeton/vcs/rules"
	"jeton/vcs/wire"
)

// Objects bound single objects of a push; a zero means the default that stands behind it.
type Objects struct {
	// Path is how long the name of one file or folder may be, in bytes (4,096).
	Path int
	// TreeEntries is how many files and folders one folder may hold (1,000,000).
	TreeEntries int
}

// maxNotes is how many forgiven faults of one push are remembered and told; of the rest it is told how many they are.
const maxNotes = 100

// inspection is the checking of the objects of one push. While the pack arrives several goroutines use it, afterwards one.
type inspection struct {
	policy  fsck.Policy
	entries int // how many a tree may have
	trees   fsck.Trees
	mu      sync.Mutex // guards what follows
	files   files
	notes   []note
	more    int // notes beyond maxNotes
}

// note is a fault that was forgiven.
type note struct {
	id oid.ID
	fsck.Finding
}

func newInspection(r rules.Rules, o Objects) *inspection {
	if o.Path <= 0 {
		o.Path = 4096
	}
	if o.TreeEntries <= 0 {
		o.TreeEntries = 1_000_000
	}
	in := &inspection{policy: fsck.NewPolicy(r.Exempt), entries: o.TreeEntries, files: files{old: maxOld}}
	in.trees = fsck.Trees{MaxName: o.Path, Named: in.named}
	return in
}

// object checks a commit, tree or tag; it is the ingest.Options.Check of a push.
func (in *inspection) object(kind plumbing.ObjectType, id oid.ID, content []byte) error {
	var found fsck.Set
	switch kind {
	case plumbing.CommitObject:
		found = fsck.Commit(content)
	case plumbing.TagObject:
		found = fsck.Tag(content)
	case plumbing.TreeObject:
		var entries int
		if found, entries = in.trees.Check(content); entries > in.entries {
			return &ingest.LimitError{
				What: fmt.Sprintf("tree %s has %d entries", id, entries), Setting: "receive.max_tree_entries", Limit: int64(in.entries),
			}
		}
		if found.Has(fsck.LargePathname) {
			return &ingest.LimitError{
				What: fmt.Sprintf("object %s: %s: %s", id, fsck.LargePathname, fsck.LargePathname.Text()), Setting: "receive.max_path", Limit: int64(in.trees.MaxName),
			}
		}
	}
	if found == 0 {
		return nil
	}
	return in.judge(id, found)
}

// judge refuses an object, or notes its faults.
func (in *inspection) judge(id oid.ID, found fsck.Set) error {
	refused, noted := in.policy.Judge(found)
	if refused != 0 {
		f := &faultError{id: id}
		for m := range refused.All() {
			f.found = append(f.found, fsck.Finding{Message: m})
		}
		return f
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for m := range noted.All() {
		in.note(note{id, fsck.Finding{Message: m}})
	}
	return nil
}

// note remembers a fault. in.mu is held, or nobody else is there.
func (in *inspection) note(n note) {
	if len(in.notes) == maxNotes {
		in.more++
		return
	}
	in.notes = append(in.notes, n)
}

// forgiven is what the journal keeps of the faults that were forgiven: "ID-OF-MESSAGE OBJECT", and at last how many more
// there were.
func (in *inspection) forgiven() []string {
	if in == nil || len(in.notes) == 0 {
		return nil
	}
	list := make([]string, 0, len(in.notes)+1)
	for _, n := range in.notes {
		list = append(list, n.Message.String()+" "+n.id.String())
	}
	if in.more > 0 {
		list = append(list, fmt.Sprintf("and %d more", in.more))
	}
	return list
}

// warn tells the pusher what was forgiven, as git prints it.
func (in *inspection) warn(band *wire.SideBand) {
	if in == nil || band == nil {
		return
	}
	for _, n := range in.notes {
		_ = band.Progress("warning: " + sentence(n.id, n.Finding) + "\n")
	}
	if in.more > 0 {
		_ = band.Progress(fmt.Sprintf("warning: and %d more faults like these\n", in.more))
	}
}

// faultError is an object that is refused.
type faultError struct {
	id    oid.ID
	found []fsck.Finding
}

// Error implements error, in git's words.
func (f *faultError) Error() string { return sentence(f.id, f.found[0]) }

// tell prints all that is wrong with the object, as git prints it.
func (f *faultError) tell(band *wire.SideBand) {
	for _, finding := range f.found {
		_ = band.Progress("error: " + sentence(f.id, finding) + "\n")
	}
	if f.found[0].Message.Rank() == fsck.Refused {
		_ = band.Progress("error: an administrator of the repository can exempt " + f.found[0].Message.String() + ", where old history needs it\n")
	}
}

// sentence is what git says of a fault.
func sentence(id oid.ID, f fsck.Finding) string {
	s := fmt.Sprintf("object %s: %s: %s", id, f.Message, f.Message.Text())
	if f.Detail != "" {
		s += ": " + wire.Escape(f.Detail)
	}
	return s
}
