package metrics

import "time"

// Journal is what a journal holds.
type Journal struct {
	Documents, Owed int
	DocumentBytes   int64
	DiskBytes       int64
	Oldest          time.Time // since when the first document waits; zero: none does
	MaxBytes        int64     // that the documents may take
	IsFull          bool
	IsBroken        bool
}

// WatchJournal exports what the journal holds. It is called at most once.
func (m *Metrics) WatchJournal(now func() Journal) {
	m.registry.MustRegister(collector(func(a answer) {
		j := now()
		gauge(a, "journal_documents_waiting", "Documents that are accepted and have not begun.", j.Documents)
		gauge(a, "journal_documents_waiting_bytes", "Bytes that these documents take.", j.DocumentBytes)
		gauge(a, "journal_documents_limit_bytes", "Bytes that these documents may take.", j.MaxBytes)
		gauge(a, "journal_oldest_document_seconds", "How long the first of these documents has waited.", j.age())
		gauge(a, "journal_close_events_owed", "Clients whose close event the next start would run after a crash.", j.Owed)
		gauge(a, "journal_disk_bytes", "Bytes of the journal's files.", j.DiskBytes)
		gauge(a, "journal_full", "1 while the disk has no room for the journal.", one(j.IsFull))
		gauge(a, "journal_broken", "1 after an error of the disk, since which nothing is written to the journal.", one(j.IsBroken))
	}))
}

// age returns seconds.
func (j *Journal) age() int {
	if j.Oldest.IsZero() {
		return 0
	}
	return int(time.Since(j.Oldest).Seconds())
}
