package bridge

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// closeWait bounds how long a connection that is turned away may take to end.
const closeWait = 2 * time.Second

// maxPartings is how many connections at a time are told why they are turned away; more are only closed.
const maxPartings = 64

// doorman counts the connections that are turned away at the door. The first is logged at once, the others together.
type doorman struct {
	log      *slog.Logger
	observer Observer
	partings atomic.Int32

	mu     sync.Mutex // guards the fields below
	turned map[string]int
	peer   string // of the last one
	said   bool   // there has been a line in this interval
}

// limitName is the key of the limit in the configuration, by which it is counted.
func limitName(why error) string {
	switch why {
	case admission.ErrFull:
		return "max_connections"
	case admission.ErrRate:
		return "handshake_rate"
	case admission.ErrAddressFull:
		return "max_connections_per_address"
	case admission.ErrAddressRate:
		return "handshake_rate_per_address"
	}
	return "proxy_protocol"
}

// TurnedAwayLimits returns what an Observer's TurnedAway is called with.
func TurnedAwayLimits() []string {
	var names []string
	for _, why := range []error{admission.ErrFull, admission.ErrRate, admission.ErrAddressFull, admission.ErrAddressRate, nil} {
		names = append(names, limitName(why))
	}
	return names
}

// turns counts one that why turns away.
func (d *doorman) turns(why error, peer string) {
	limit := limitName(why)
	d.observer.TurnedAway(limit)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turned[limit]++
	d.peer = peer
	if !d.said {
		d.say()
	}
}

// flush logs what has not been logged yet. After an interval without any, the next one is logged at once again.
func (d *doorman) flush() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.said = false
	if len(d.turned) > 0 {
		d.say()
	}
}

// say is called with mu held: lines keep their order.
func (d *doorman) say() {
	d.log.Warn("connections were turned away at the door", "turned_away", d.turned, keyPeer, d.peer)
	d.turned, d.said = map[string]int{}, true
}

// crowded is the answer to whoever why turns away.
func crowded(why error) *refusal {
	switch why {
	case admission.ErrAddressFull, admission.ErrAddressRate: // RFC 6585, section 4
		return &refusal{why: outcome.RefusedCrowded}
	}
	return tryLater()
}

// turnAway ends a connection of which nothing has been read, without waiting for it.
func (b *Bridge) turnAway(conn net.Conn, why error) {
	b.doorman.turns(why, conn.RemoteAddr().String())
	if b.doorman.partings.Add(1) > maxPartings {
		b.doorman.partings.Add(-1)
		conn.Close()
		return
	}
	b.spawn(func() {
		defer b.doorman.partings.Add(-1)
		b.dismiss(conn, why)
	})
}

// dismiss answers a request before it is read, and ends the connection. It takes closeWait at most.
func (b *Bridge) dismiss(conn net.Conn, why error) {
	defer conn.Close()
	if b.cfg().TLS != nil || conn.SetDeadline(time.Now().Add(closeWait)) != nil { // TLS has not begun: there is no saying it
		return
	}
	no := crowded(why)
	b.refused(no.why)
	_, err := fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nConnection: close\r\nRetry-After: %s\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s\n",
		no.why.Status(), http.StatusText(no.why.Status()), retryAfter(), len(no.text())+1, no.text())
	if err == nil && closeWrite(conn) == nil { // to close with something unread is a reset, which may overtake the answer
		_, _ = io.CopyN(io.Discard, conn, int64(b.cfg().MaxHeader))
	}
}
