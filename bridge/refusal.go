package bridge

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// refusal is a handshake's answer other than 101. Its text says nothing of PHP.
type refusal struct {
	status int
	text   string
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

func tryLater() *refusal { return &refusal{http.StatusServiceUnavailable, "try again later"} }

func (b *Bridge) refuse(w http.ResponseWriter, no refusal) {
	switch no.status {
	case 0: // already answered
		return
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(retryLeast+rand.IntN(retryMost-retryLeast+1)))
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
	b.totals.refused.Add(1)
	b.bound(w)
	http.Error(w, no.text, no.status)
}

// bound keeps who sends no end of a request's body, or does not read its answer, from holding the connection for good:
// the server's own timeouts are those of a request's header.
func (b *Bridge) bound(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	// They fail only on a connection that has none, or has ended.
	_ = c.SetReadDeadline(time.Now().Add(b.cfg.HandshakeTimeout))
	_ = c.SetWriteDeadline(time.Now().Add(b.cfg.WriteTimeout))
}
