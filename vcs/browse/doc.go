// Package browse reads a repository for people: the commits of a branch, what a commit changed, patches to mail.
//
//	Log          commits, newest first, of everything or of one path
//	Diff         what differs between two trees            as `git diff` prints it, for `git apply`
//	CommitDiff   what a commit changed
//	Patch        a commit as a mail                        as `git format-patch` prints it, for `git am`
//	Series       several, numbered
//	MergeBase    where two histories part
//	Between      the commits from there on
//	Order, Since the commits in the order in which they are counted
//	List         what lies below a tree
//	CommitChanges, Names   what a commit changed, file by file
//
// A diff goes three steps: the two trees are walked side by side, equal subtrees never entered; files that came and went
// are paired as renames and copies; each pair is printed, by lines or as a binary patch.
//
// Everything is bounded (Limits, LogOptions): how many files are compared, how large they may be, how long the answer and
// how much time. What is left out is left out in whole files, and said twice: in the text, as a line that `git apply`
// stumbles over nowhere and people see, and in the notice that is returned.
//
// The package knows no ref, no reader and no HTTP: whoever calls has found out that the objects may be seen. It imports
// pack, object and oid, and the packages below it.
package browse

import "errors"

var (
	// ErrLimit says that a walk over the history ended at its bound. What was found until then is returned with it.
	ErrLimit = errors.New("the walk over the history would be too long")
	// ErrMerge says that a merge commit has no patch, as with git format-patch; CommitDiff shows it against its first parent.
	ErrMerge = errors.New("a merge commit has no patch: ask for its diff, or for the patches of the commits that it merged")
	// ErrNoCommit says that the id names something else than a commit.
	ErrNoCommit = errors.New("not a commit")
)
