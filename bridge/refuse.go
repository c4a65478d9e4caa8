package bridge

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// refuseBusy refuses a handshake because there is no room, no time or no php-fpm. Such refusals come in large numbers, so the log only counts
// them.
func (b *Bridge) refuseBusy(c *client, why error) *door.Refusal {
	if errors.Is(why, context.Canceled) {
		c.logger().Info("handshake given up by the client")
	} else {
		b.countOverload(overload{refused: true, why: why})
	}
	return &door.Refusal{Why: outcome.RefusedBusy}
}

// refuseRequest refuses a request that does not belong to a client yet.
func (b *Bridge) refuseRequest(w http.ResponseWriter, r *http.Request, no *door.Refusal) {
	logRefusal(b.log.With(keyPeer, r.RemoteAddr, keyOrigin, r.Header.Get("Origin"), keyHost, r.Host), no)
	b.refuse(w, no)
}

// logRefusal leaves out refusals that the log only counts.
func logRefusal(log *slog.Logger, no *door.Refusal) {
	if no.Why != 0 && !no.Why.Retry() {
		log.Info("handshake refused", keyRefusal, no.Why.String(), keyStatus, no.Why.Status(), "why", cmp.Or(no.Logged, no.Text()))
	}
}

// refuse answers a request with a refusal. The zero Refusal has been answered already.
func (b *Bridge) refuse(w http.ResponseWriter, no *door.Refusal) {
	if no.Why == 0 {
		return
	}
	b.countRefusal(no.Why)
	b.setDeadlines(w)
	no.Answer(w)
}

func (b *Bridge) countRefusal(why outcome.Refusal) {
	b.totals.refused.Add(1)
	b.cfg().Observer.Refused(why)
}

// setDeadlines keeps a client that sends an endless body, or does not read its answer, from holding the connection forever. The server's own
// timeouts are only for the header of a request.
func (b *Bridge) setDeadlines(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	// The calls fail only if the connection has no deadlines, or has ended.
	_ = c.SetReadDeadline(time.Now().Add(b.cfg().HandshakeTimeout))
	_ = c.SetWriteDeadline(time.Now().Add(b.cfg().WriteTimeout))
}
