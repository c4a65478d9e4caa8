package main

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/protocol"
	"github.com/wsbridge/wsbridge/protocol/phpvalue"
)

// leftJSON is what a journal has for the next start, as scripts get it. It has nothing of handshakes, which may have cookies and passwords.
type leftJSON struct {
	Crashed       bool           `json:"crashed"`
	Documents     int            `json:"documents"` // that wait
	DocumentBytes int64          `json:"document_bytes"`
	Waiting       []documentJSON `json:"waiting"`      // the first 1000 of them
	Begun         []documentJSON `json:"begun"`        // that will not run again
	CloseEvents   []owedJSON     `json:"close_events"` // in the order of the keys
	Globals       int            `json:"globals"`
	DiskBytes     int64          `json:"disk_bytes"`
}

type documentJSON struct {
	Document uint64    `json:"document"` // its number, by which the log names it
	Source   string    `json:"source"`
	Bytes    int64     `json:"bytes"`
	Since    time.Time `json:"since"`
}

type owedJSON struct {
	Client    int64           `json:"client"`
	Peer      string          `json:"peer"`
	Connected time.Time       `json:"connected"`
	Begun     bool            `json:"begun"` // it will not run again
	Row       protocol.Fields `json:"row"`
}

// leftOf returns the contents of a journal for scripts.
func leftOf(c *journal.Contents) *leftJSON {
	left := &leftJSON{Crashed: c.Crashed, Documents: c.Documents, DocumentBytes: c.DocumentBytes, Globals: len(c.Globals), DiskBytes: c.DiskBytes,
		Waiting: []documentJSON{}, Begun: []documentJSON{}, CloseEvents: []owedJSON{}}
	for i := range c.Waiting {
		left.Waiting = append(left.Waiting, documentOf(&c.Waiting[i]))
	}
	for i := range c.Begun {
		left.Begun = append(left.Begun, documentOf(&c.Begun[i].Waiting))
	}
	for i := range c.Clients {
		owed := &c.Clients[i]
		one := owedJSON{owed.Key, owed.Peer, owed.ConnectedAt, owed.Begun, protocol.Fields{}}
		for _, f := range owed.Row {
			one.Row = append(one.Row, protocol.Field{Name: phpvalue.ReadableName(f.Name), Value: phpvalue.Readable(f.Value)})
		}
		left.CloseEvents = append(left.CloseEvents, one)
	}
	return left
}

func documentOf(w *journal.Waiting) documentJSON {
	return documentJSON{w.ID, w.Source, w.Size, w.Since}
}
