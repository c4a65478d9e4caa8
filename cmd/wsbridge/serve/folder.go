package serve

import (
	"context"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

const (
	// folderInterval is how often it is looked whether the run-time folder is as it should be.
	folderInterval = time.Second
	// maxFolderWait is the longest wait until it is tried again to put it right; it begins with folderInterval and doubles.
	maxFolderWait = 30 * time.Second
)

// keepFolder keeps the run-time folder and the control sockets as they should be until ctx ends: a cleaner of temporary files, or a person,
// may remove them.
func (s *server) keepFolder(ctx context.Context) {
	tick := time.NewTicker(folderInterval)
	defer tick.Stop()
	var before string
	var next time.Time
	for wait := folderInterval; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if s.backend.presence.Mend() {
			s.log.Info("handlers are told again who has left")
		}
		s.operators.Restore()
		missing := s.backend.missing()
		isSure := missing != "" && missing == before // else php-fpm may just have been replaced
		before = missing
		switch {
		case missing == "":
			wait = folderInterval
		case isSure && time.Now().After(next):
			s.restoreFolder(ctx, missing)
			next, wait = time.Now().Add(wait), min(2*wait, maxFolderWait)
		}
	}
}

// restoreFolder makes anew what is missing, and replaces php-fpm and the resident workers, which need it.
func (s *server) restoreFolder(ctx context.Context, missing string) {
	s.log.Error("somebody has removed files that wsbridge needs: they are made anew, and php-fpm is replaced", "missing", missing)
	err := s.reload.again(ctx, func(ctx context.Context, cfg *config.Config) error {
		if err := s.backend.restore(); err != nil {
			return err
		}
		return s.putBackend(ctx, cfg)
	})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.log.Error("the run-time folder could not be made anew", "error", err)
	default:
		s.log.Info("the run-time folder is whole again")
	}
}
