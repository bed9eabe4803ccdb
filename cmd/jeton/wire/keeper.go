package wire

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"

	"jeton/vcs/maintain"
	"jeton/vcs/storage"
)

// keeper repacks repositories in the background when pushes have left many packs in them: one repository at a time, so
// that it takes one core at the most from those who are being served.
type keeper struct {
	packs int64
	log   *slog.Logger
	stop  context.CancelFunc
	ctx   context.Context
	queue chan storage.Repository
	done  chan struct{}
	mu    sync.Mutex // guards waiting
	// waiting are the repositories in the queue.
	waiting map[string]bool
}

// newKeeper starts a keeper that acts from this many packs on; 0: never.
func newKeeper(packs int64, log *slog.Logger) *keeper {
	ctx, stop := context.WithCancel(context.Background())
	k := &keeper{packs: packs, log: log, ctx: ctx, stop: stop, queue: make(chan storage.Repository, 1024), done: make(chan struct{}), waiting: map[string]bool{}}
	go k.run()
	return k
}

// pushed looks at a repository that was pushed to. A full queue is no loss: the next push asks again.
func (k *keeper) pushed(repo storage.Repository) {
	if k.packs <= 0 {
		return
	}
	view, err := repo.View(k.ctx)
	if err != nil {
		return
	}
	n := len(view.Objects.Packs())
	view.Close()
	if int64(n) < k.packs {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.waiting[repo.ID()] {
		return
	}
	select {
	case k.queue <- repo:
		k.waiting[repo.ID()] = true
	default:
	}
}

func (k *keeper) run() {
	defer close(k.done)
	for {
		select {
		case <-k.ctx.Done():
			return
		case repo := <-k.queue:
			k.repack(repo)
		}
	}
}

func (k *keeper) repack(repo storage.Repository) {
	defer func() {
		if r := recover(); r != nil {
			k.log.Error("panic while repacking", "repository", repo.ID(), "panic", r, "stack", string(debug.Stack()))
		}
	}()
	report, err := maintain.Repack(k.ctx, repo, nil)
	k.mu.Lock()
	delete(k.waiting, repo.ID())
	k.mu.Unlock()
	switch {
	case k.ctx.Err() != nil:
	case err != nil:
		k.log.Error("repository cannot be repacked", "repository", repo.ID(), "error", err)
	default:
		k.log.Info("repository repacked", "repository", repo.ID(), "packs_before", report.PacksBefore, "packs_after", report.PacksAfter)
	}
}

// Close ends what is being repacked, which loses nothing, and waits for it.
func (k *keeper) Close() error {
	k.stop()
	<-k.done
	return nil
}
