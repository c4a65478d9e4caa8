package rows

import "sync"

// Presence is told who is there, for handlers that get no rows to look at.
type Presence interface {
	// Set notes whether messages can be sent to a client, and whether its row is in state OPEN. An error is logged; later calls try again.
	Set(client int64, connected, open bool) error
}

// presence is what others need to know of a client.
type presence struct {
	key       int64
	connected bool // it can be sent messages
	open      bool // its row is in state OPEN
}

// presenceWriter tells a Presence what has changed, in order. The changes are noted while the table is locked and written after that,
// because each is a write to a file.
type presenceWriter struct {
	to     Presence // nil: nobody is told
	failed func(error)
	mu     sync.Mutex // held while to is told
}

// write tells all that take returns. When it returns, the news that its caller has noted is written, if not by this call then by
// another one.
func (w *presenceWriter) write(take func() []presence) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range take() {
		if err := w.to.Set(p.key, p.connected, p.open); err != nil {
			w.failed(err)
		}
	}
}
