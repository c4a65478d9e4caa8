package serve

import (
	"errors"
	"fmt"

	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/metrics"
)

// openJournal returns nil if cfg wants none. The caller closes it. What the process before has left is in it.
func (s *server) openJournal(cfg *config.Journal) (*journal.Journal, error) {
	folder := cfg.Folder()
	if folder == "" {
		return nil, nil
	}
	j, err := journal.Open(folder, journal.Options{Sync: cfg.Sync.Std(), MaxBytes: int64(cfg.MaxSize), Logger: s.log.Logger})
	if _, isDamaged := errors.AsType[*journal.Damaged](err); isDamaged {
		return nil, fmt.Errorf("journal.dir: %w: \"wsbridge journal repair %s\" sets it aside and saves what can be read", err, folder)
	}
	if err != nil {
		return nil, fmt.Errorf("journal.dir: %w", err)
	}
	s.log.Info("the journal is open", "dir", folder, "rows", cfg.Rows)
	return j, nil
}

// startJournal opens the journal for a start. A process that takes over opens it when the other one has left it, see inheritJournal.
func (s *server) startJournal(cfg *config.Journal) error {
	if s.Predecessor != nil {
		return nil
	}
	j, err := s.openJournal(cfg)
	s.journal.Store(j)
	return err
}

func (s *server) closeJournal() error {
	if s.journal.Load() == nil {
		return nil
	}
	return s.journal.Load().Close()
}

// finishJournal says in the journal that the server ends, in order if that is so, and in the log what it leaves to the next start.
func (s *server) finishJournal(inOrder bool) {
	journal := s.journal.Load()
	if journal == nil {
		return
	}
	if now := journal.Stats(); now.Documents+now.Clients > 0 {
		s.log.Warn("the journal keeps what has not run for the next start", "documents", now.Documents, "bytes", now.DocumentBytes,
			"close_events", now.Clients)
	}
	if inOrder {
		journal.Finish()
	}
}

// leaveJournal lets another process open the journal, while everything stands still.
func (s *server) leaveJournal() error {
	if err := s.closeJournal(); err != nil {
		return fmt.Errorf("close the journal: %w", err)
	}
	return nil
}

// resumeJournal opens the journal anew after leaveJournal, since the other process has not taken over, and has ended. If that fails the server goes
// on without.
func (s *server) resumeJournal(cfg *config.Config) {
	if s.journal.Load() == nil || !s.journal.Load().IsClosed() {
		return
	}
	if err := s.inheritJournal(&cfg.Journal); err != nil {
		s.log.Error("the journal could not be opened again: a crash would take documents and close events", "error", err)
	}
}

// inheritJournal opens the journal of a server that goes on.
func (s *server) inheritJournal(cfg *config.Journal) error {
	j, err := s.openJournal(cfg)
	if err != nil || j == nil {
		return err
	}
	j.GoOn()
	s.journal.Store(j)
	s.bridge.UseJournal(j)
	return nil
}

// journalContents returns what the control API tells.
func (s *server) journalContents() api.Journal {
	journal := s.journal.Load()
	if journal == nil {
		return api.Journal{}
	}
	now, cfg := journal.Stats(), &s.cfg.Load().Journal
	j := api.Journal{Dir: cfg.Folder(), Rows: cfg.Rows, Documents: now.Documents, DocumentBytes: now.DocumentBytes, MaxBytes: int64(cfg.MaxSize),
		Begun: now.Begun, Owed: now.Clients, RowsBehind: now.RowsBehind, DiskBytes: now.DiskBytes, Full: now.Full}
	if !now.Oldest.IsZero() {
		j.Oldest = &now.Oldest
	}
	if now.Broken != nil {
		j.Broken = now.Broken.Error()
	}
	return j
}

func (s *server) journalNumbers() metrics.Journal {
	journal := s.journal.Load()
	if journal == nil { // this process is taking over
		return metrics.Journal{}
	}
	now := journal.Stats()
	return metrics.Journal{Documents: now.Documents, Owed: now.Clients, DocumentBytes: now.DocumentBytes, DiskBytes: now.DiskBytes,
		MaxBytes: int64(s.cfg.Load().Journal.MaxSize), Oldest: now.Oldest, IsFull: now.Full, IsBroken: now.Broken != nil}
}
