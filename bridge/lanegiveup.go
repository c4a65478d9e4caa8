package bridge

import (
	"context"
	"net/http"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// giveUp answers a handshake that waits in the lane, and has waited for too long. Should authenticate run later and let the client in, the client
// is one that has hung up at once: its open and close events run.
func (h *laneHandshake) giveUp() {
	h.mu.Lock()
	answers := !h.decided && !h.gaveUp
	h.gaveUp = h.gaveUp || answers
	h.mu.Unlock()
	if !answers {
		return
	}
	c, b := h.client, h.client.bridge
	no := b.refuseBusy(c, outcome.ErrQueueWait)
	b.spawn(func() {
		if c.early.HasAnswered() {
			b.finish(c, nil, h.conn)
			return
		}
		h.conn.Answer(b.cfg().WriteTimeout, func(w http.ResponseWriter) { b.refuse(w, no) })
	})
}

func (h *laneHandshake) hasGivenUp() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gaveUp
}

// drop reports whether nobody waits any more for a handshake that has not begun, which then does not run.
func (h *laneHandshake) drop() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dropped = h.gaveUp || h.conn.HungUp()
	h.decided = h.dropped
	return h.dropped
}

// abandon ends a handshake that was dropped.
func (h *laneHandshake) abandon() {
	c, b := h.client, h.client.bridge
	if !h.hasGivenUp() {
		b.refuseBusy(c, context.Canceled)
	}
	h.refusal = b.abandon(c, &door.Refusal{Why: outcome.RefusedBusy})
}

func (h *laneHandshake) isDropped() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dropped
}
