package disk

import (
	"os/exec"
	"strings"
	"testing"

	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
)

func TestStorageSuite(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Repository {
		r := create(t)
		t.Cleanup(func() { agreeDeep(t, r) })
		return r
	})
}

func TestStorageSuiteWithoutRoomToStayWarm(t *testing.T) {
	warm := NewWarm(1, 1)
	storagetest.Run(t, func(t *testing.T) storage.Repository {
		r := create(t)
		r.o.Warm = warm
		return r
	})
}

func TestStorageSuiteWhereCaseIsFolded(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Repository {
		r := create(t)
		r.folds = true
		return r
	})
}

// agreeDeep compares refs with git's, tags of tags peeled to their end, and has git check the repository.
func agreeDeep(t *testing.T, r *Repository) {
	t.Helper()
	if r.closed {
		return
	}
	v := storagetest.View(t, r)
	defer v.Close()
	var b strings.Builder
	for _, ref := range v.Refs.Refs {
		b.WriteString(ref.ID.String() + " " + ref.Name + "\n")
		if !ref.Peeled.IsZero() {
			b.WriteString(ref.Peeled.String() + " " + ref.Name + "^{}\n")
		}
	}
	out, _ := exec.Command("git", "-C", r.Dir(), "show-ref", "--dereference").Output() // fails where there is none
	if string(out) != b.String() {
		t.Errorf("we see\n%sgit sees\n%s", b.String(), out)
	}
	git(t, r.Dir(), "", "fsck", "--strict", "--no-dangling")
}
