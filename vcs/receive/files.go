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

// files are what the trees of a push call .gitmodules or .gitattributes, in whatever form. Their blobs may come in the same
// pack, before or after the tree, or may have been here before: they are read when all is there.
type files struct {
	named [fsck.Gitattributes + 1]map[oid.ID]struct{}
	over  bool // there were more than maxFiles
	read  bool // they have been checked
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
//
// A file that was in the repository before is read without asking whether the pusher may see it, which is dear. The answer
// counts only where the file is to be refused: then it is asked, so that nobody learns what is hidden from a refusal.
func (in *inspection) contents(ctx context.Context, set *pack.Set, fresh *pack.Pack, old knower) error {
	if in.files.read {
		return nil
	}
	if in.files.over {
		return &ingest.LimitError{What: "trees name too many different .gitmodules or .gitattributes files", Limit: maxFiles}
	}
	for f, ids := range in.files.named {
		for id := range ids {
			if err := ctx.Err(); err != nil {
				return err
			}
			found, err := content(set, id, fsck.File(f))
			if err != nil {
				return fmt.Errorf("check file of trees: %w", err)
			}
			if len(found) == 0 {
				continue
			}
			seen, err := mayKnow(ctx, id, fresh, old)
			if err != nil {
				return err
			}
			if !seen {
				continue
			}
			if err := in.judgeFile(id, found); err != nil {
				return err
			}
		}
	}
	in.files.read = true
	return nil
}

// mayKnow reports whether the pusher has sent an object or may see it.
func mayKnow(ctx context.Context, id oid.ID, fresh *pack.Pack, old knower) (bool, error) {
	if _, sent, err := fresh.Find(id); sent || err != nil {
		return sent, err
	}
	return old.Object(ctx, id)
}

// content finds what is wrong with one file.
func content(set *pack.Set, id oid.ID, f fsck.File) ([]fsck.Finding, error) {
	kind, size, err := set.Header(id)
	switch {
	case errors.Is(err, pack.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
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
