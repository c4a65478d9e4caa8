package rows

import "sync"

// Presence is told which clients are there, for handlers that do not get all rows.
type Presence interface {
	// Set says whether messages can be sent to a client, and whether its row is in state OPEN. An error is logged; the next call tries
	// again. Calls come one at a time, in the order of the changes.
	Set(client int64, connected, open bool) error
}

// presence is what others have to know about a client.
type presence struct {
	key       int64
	connected bool // messages can be sent to it
	open      bool // its row is in state OPEN
}

// presenceWriter passes changes on in order. They are collected while the table is locked and written without its lock, because each is a
// write to a file.
type presenceWriter struct {
	to     Presence // nil: nobody
	failed func(error)
	mu     sync.Mutex // held while to is called
}

// write passes on what take returns. When write returns, the changes that its caller has collected are written, if not by this call then
// by another.
func (w *presenceWriter) write(take func() []presence) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range take() {
		if err := w.to.Set(p.key, p.connected, p.open); err != nil {
			w.failed(err)
		}
	}
}
