package bridge

import "github.com/wsbridge/wsbridge/bridge/journal"

// UseJournal makes j the journal, which Config.Journal does in New. A hand-over calls it between Freeze and Thaw, or between Prepare and Restore,
// while nothing runs: only one process can have the folder open, so that the old one closes its journal, and opens it anew if it goes on. The caller
// closes j.
func (b *Bridge) UseJournal(j *journal.Journal) {
	b.journal.Store(j)
	if b.spool == nil {
		b.spool = newSpool(b.journal.Load, b.events)
	}
	if b.cfg().JournalRows {
		b.table.KeepWith(j)
	}
}

// keepsRows reports whether the journal is told all changes of rows and global variables.
func (b *Bridge) keepsRows() bool { return b.journal.Load() != nil && b.cfg().JournalRows }
