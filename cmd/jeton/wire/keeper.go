package wire

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/maintain"
	"jeton/vcs/receive/follow"
	"jeton/vcs/storage"
)

// keeper repacks repositories in the background when pushes have left many packs in them. It follows the journal, so
// that a push is looked at also when the server died right behind it, and one repository at a time, so that it takes one
// core at the most from those who are being served.
type keeper struct {
	// packs is from how many on it acts; 0: never.
	packs int64
	grace time.Duration
	open  func(ctx context.Context, id string) (storage.Repository, error)
	log   *slog.Logger
}

// keeps is the name of the keeper's cursor.
const keeps = "maintenance"

// look is told of a push. Its end in the middle of a repack loses nothing: the same push is looked at again.
func (k *keeper) look(ctx context.Context, p follow.Push) error {
	if k.packs <= 0 || !p.Moved() {
		return nil
	}
	repo, err := k.open(ctx, p.RepoID)
	if errors.Is(err, host.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	view, err := repo.View(ctx)
	if err != nil {
		return err
	}
	n := len(view.Objects.Packs())
	view.Close()
	if int64(n) < k.packs {
		return nil
	}
	report, err := k.repack(ctx, repo)
	if err != nil {
		return err
	}
	k.log.InfoContext(ctx, "repository repacked", "repository", repo.ID(), "packs_before", report.PacksBefore, "packs_after", report.PacksAfter)
	return nil
}

func (k *keeper) repack(ctx context.Context, repo storage.Repository) (maintain.Report, error) {
	return maintain.RepackWith(ctx, repo, maintain.Options{Grace: k.grace})
}
