package receive

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/receive/fsck"
)

// maxFiles is how many different .gitmodules and .gitattributes the trees of one push may name. A history of people's
// making has some thousands; one that is made to fill the memory ends here.
const maxFiles = 200_000

// maxOld is how many bytes of such files may be read that came with earlier pushes. Of those in the pack itself the limits of
// the pack have counted every byte; these can be named again and again by a push of a few bytes.
const maxOld = 256 << 20

// files are what the trees of a push call .gitmodules or .gitattributes, in whatever form. Their blobs may come in the same
// pack, before or after the tree, or may have been here before: they are read when all is there.
type files struct {
	named [fsck.Gitattributes + 1]map[oid.ID]struct{}
	over  bool  // there were more than maxFiles
	read  bool  // they have been checked
	old   int64 // bytes that may still be read of those that came earlier
}

// named implements fsck.Trees.Named.
func (in *inspection) named(f fsck.File, id oid.ID) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.files.named[f]) == maxFiles {
		in.files.over = true
		return
	}
	if in.files.named[f] == nil {
		in.files.named[f] = map[oid.ID]struct{}{}
	}
	in.files.named[f][id] = struct{}{}
}

// knower knows what the pusher may refer to.
type knower interface {
	Object(ctx context.Context, id oid.ID) (bool, error)
}

// contents checks the files that the trees of the push name; set is the repository with the pushed pack, which is fresh.
// What is missing is not this check's affair but that of connectivity, which was proven before.
func (in *inspection) contents(ctx context.Context, set *pack.Set, fresh *pack.Pack, old knower) error {
	if in.files.read {
		return nil
	}
	if in.files.over {
		return &ingest.LimitError{What: "trees name too many different .gitmodules or .gitattributes files", Limit: maxFiles}
	}
	notes, more := len(in.notes), in.more
	r := &fileReader{in: in, set: set, fresh: fresh, old: old, left: in.files.old}
	err := r.all(ctx)
	var limit *ingest.LimitError
	if errors.As(err, &limit) {
		in.notes, in.more = in.notes[:notes], more
		r.ask, r.left = true, in.files.old
		err = r.all(ctx)
	}
	in.files.read = err == nil
	return err
}

// fileReader reads the files of one push.
//
// A file that was in the repository before is read without asking whether the pusher may see it, which is dear. The answer
// counts only where the push is to be refused: then it is asked, so that nobody learns what is hidden from a refusal.
type fileReader struct {
	in    *inspection
	set   *pack.Set
	fresh *pack.Pack
	old   knower
	// left is how many bytes of earlier files may still be read; where that was too little, all is read again, and ask says
	// that files are asked for before they count.
	left int64
	ask  bool
}

func (r *fileReader) all(ctx context.Context) error {
	for f, ids := range r.in.files.named {
		for id := range ids {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.file(ctx, id, fsck.File(f)); err != nil {
				return err
			}
		}
	}
	return nil
}

// file checks one file.
func (r *fileReader) file(ctx context.Context, id oid.ID, f fsck.File) error {
	kind, size, err := r.set.Header(id)
	if errors.Is(err, pack.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("check file of trees: %w", err)
	}
	_, seen, err := r.fresh.Find(id)
	if err != nil {
		return fmt.Errorf("check file of trees: %w", err)
	}
	if !seen {
		if r.ask {
			if seen, err = r.old.Object(ctx, id); err != nil || !seen {
				return err
			}
		}
		if r.left -= min(size, fsck.MaxFile); r.left < 0 {
			return &ingest.LimitError{What: "trees name too much of earlier .gitmodules and .gitattributes files", Limit: r.in.files.old}
		}
	}
	found, err := content(r.set, id, f, kind, size)
	if err != nil {
		return fmt.Errorf("check file of trees: %w", err)
	}
	if len(found) == 0 {
		return nil
	}
	if !seen {
		if seen, err = r.old.Object(ctx, id); err != nil || !seen {
			return err
		}
	}
	return r.in.judgeFile(id, found)
}

// content finds what is wrong with one file, whose type and size are known.
func content(set *pack.Set, id oid.ID, f fsck.File, kind plumbing.ObjectType, size int64) ([]fsck.Finding, error) {
	switch {
	case kind != plumbing.BlobObject:
		return []fsck.Finding{{Message: [...]fsck.Message{fsck.GitmodulesBlob, fsck.GitattributesBlob}[f]}}, nil
	case size > fsck.MaxFile:
		return []fsck.Finding{{Message: [...]fsck.Message{fsck.GitmodulesLarge, fsck.GitattributesLarge}[f]}}, nil
	}
	_, data, err := set.Read(id, fsck.MaxFile)
	if err != nil {
		return nil, err
	}
	if f == fsck.Gitmodules {
		return fsck.Modules(data), nil
	}
	return fsck.Attributes(data), nil
}

// judgeFile refuses a file, or notes its faults.
func (in *inspection) judgeFile(id oid.ID, found []fsck.Finding) error {
	f := &faultError{id: id}
	for _, finding := range found {
		refused, noted := in.policy.Judge(finding.Message.Set())
		if refused != 0 {
			f.found = append(f.found, finding)
		}
		if noted != 0 {
			in.note(note{id, finding})
		}
	}
	if len(f.found) > 0 {
		return f
	}
	return nil
}
