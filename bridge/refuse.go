package bridge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// busy refuses for want of room, time or php-fpm. The log has only the number of those refusals: they are many at a time.
func (b *Bridge) busy(c *client, why error) *door.Refusal {
	if errors.Is(why, context.Canceled) {
		c.log.Info("handshake given up by the client")
	} else {
		b.overloaded(overload{refused: true, why: why})
	}
	return &door.Refusal{Why: outcome.RefusedBusy}
}

// decline logs and answers a refusal before there is a client.
func (b *Bridge) decline(w http.ResponseWriter, r *http.Request, no *door.Refusal) {
	logRefusal(b.log.With(keyPeer, r.RemoteAddr, keyOrigin, r.Header.Get("Origin"), keyHost, r.Host), no)
	b.refuse(w, no)
}

// logRefusal leaves out refusals of which the log has only the number.
func logRefusal(log *slog.Logger, no *door.Refusal) {
	if no.Why != 0 && !no.Why.Retry() {
		log.Info("handshake refused", "refusal", no.Why.String(), "status", no.Why.Status(), "why", no.Text())
	}
}

// refuse counts a refusal and answers with it. The zero Refusal has been answered already.
func (b *Bridge) refuse(w http.ResponseWriter, no *door.Refusal) {
	if no.Why == 0 {
		return
	}
	b.refused(no.Why)
	b.bound(w)
	no.Answer(w)
}

// refused counts a request that is refused.
func (b *Bridge) refused(why outcome.Refusal) {
	b.totals.refused.Add(1)
	b.cfg().Observer.Refused(why)
}

// bound keeps a client that sends an endless body, or does not read its answer, from holding the connection for good: the server's
// own timeouts are only those of a request's header.
func (b *Bridge) bound(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	// They fail only on a connection that has none, or has ended.
	_ = c.SetReadDeadline(time.Now().Add(b.cfg().HandshakeTimeout))
	_ = c.SetWriteDeadline(time.Now().Add(b.cfg().WriteTimeout))
}
