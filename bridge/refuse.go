package bridge

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// refusal is a handshake's answer other than 101.
type refusal struct {
	why  outcome.Refusal // zero: it is answered already
	more string          // instead of its text; empty: nothing is known beside that
}

// text is what the client is told.
func (no *refusal) text() string { return cmp.Or(no.more, no.why.Text()) }

// counted reports whether the log has its number only, since they are many at a time.
func (no *refusal) counted() bool { return no.why.Retry() }

// attrs tell of it in the log.
func (no *refusal) attrs() []any {
	return []any{"refusal", no.why.String(), "status", no.why.Status(), "why", no.text()}
}

// A client that met no php-fpm, or no room, may ask again after retryLeast to retryMost seconds: php-fpm restarts within the
// least of them, and those that were refused together come back one after the other.
const (
	retryLeast = 2
	retryMost  = 10
)

// busy refuses for want of room, time or php-fpm. They are many at a time, so the log has their number only.
func (b *Bridge) busy(c *client, why error) *refusal {
	if errors.Is(why, context.Canceled) {
		c.log.Info("handshake given up by the client")
	} else {
		b.over.refuses(why)
	}
	return tryLater()
}

func tryLater() *refusal { return &refusal{why: outcome.RefusedBusy} }

func retryAfter() string { return strconv.Itoa(retryLeast + rand.IntN(retryMost-retryLeast+1)) }

func (b *Bridge) refuse(w http.ResponseWriter, no refusal) {
	if no.why == 0 {
		return
	}
	b.refused(no.why)
	if no.why.Retry() {
		w.Header().Set("Retry-After", retryAfter())
	}
	switch no.why.Status() {
	case http.StatusUpgradeRequired: // RFC 6455, section 4.4; RFC 9110, section 15.5.22
		w.Header().Set("Sec-WebSocket-Version", "13")
		w.Header().Set("Upgrade", "websocket")
	case http.StatusMethodNotAllowed: // RFC 9110, section 15.5.6
		w.Header().Set("Allow", http.MethodGet)
	}
	w.Header().Set("Connection", "close")
	if w.Header().Get("Upgrade") != "" {
		w.Header().Add("Connection", "Upgrade") // RFC 9110, section 7.8
	}
	b.bound(w)
	http.Error(w, no.text(), no.why.Status())
}

// refused counts a request that is refused.
func (b *Bridge) refused(why outcome.Refusal) {
	b.totals.refused.Add(1)
	b.cfg().Observer.Refused(why)
}

// bound keeps who sends no end of a request's body, or does not read its answer, from holding the connection for good:
// the server's own timeouts are those of a request's header.
func (b *Bridge) bound(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	// They fail only on a connection that has none, or has ended.
	_ = c.SetReadDeadline(time.Now().Add(b.cfg().HandshakeTimeout))
	_ = c.SetWriteDeadline(time.Now().Add(b.cfg().WriteTimeout))
}
