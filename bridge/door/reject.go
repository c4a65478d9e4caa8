package door

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// maxRejections is how many connections at a time are told why they are turned away; more are only closed.
const maxRejections = 64

// rejectTimeout bounds how long a connection that is turned away may take to read the answer and to close. Browsers do at once.
const rejectTimeout = 2 * time.Second

// limitProxyProtocol counts connections of trusted proxies that begin with no PROXY header.
const limitProxyProtocol = "proxy_protocol"

// LimitNames returns what Config.Rejected is called with: keys of the configuration.
func LimitNames() []string {
	return []string{errFull.key, errRate.key, errAddressFull.key, errAddressRate.key, limitProxyProtocol}
}

// rejected counts a connection that err, of the Limiter, keeps out, and returns the answer to it.
func (l *Listener) rejected(err error, peer string) *Refusal {
	limit := err.(*limitError)
	l.cfg.Rejected(limit.key, peer)
	return &Refusal{Why: limit.why}
}

// reject closes a connection of which nothing has been read. It does not wait for the client.
func (l *Listener) reject(conn net.Conn, err error) {
	no := l.rejected(err, conn.RemoteAddr().String())
	select {
	case l.rejecting <- struct{}{}:
		l.rejections.Go(func() {
			defer func() { <-l.rejecting }()
			l.answer(conn, no)
		})
	default:
		conn.Close()
	}
}

// answer answers a request before it is read, and closes the connection. It blocks for rejectTimeout at most. A client that speaks
// TLS is not answered: its handshake has not begun, so it would take plain text for a fault of the server.
func (l *Listener) answer(conn net.Conn, no *Refusal) {
	defer conn.Close()
	if l.cfg.TLS != nil || conn.SetDeadline(time.Now().Add(rejectTimeout)) != nil {
		return
	}
	l.cfg.Refused(no.Why)
	_, err := fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nConnection: close\r\nRetry-After: %s\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s\n",
		no.Why.Status(), http.StatusText(no.Why.Status()), retryAfter(), len(no.Text())+1, no.Text())
	if err == nil && closeWrite(conn) == nil { // to close with something unread is a reset, which may overtake the answer
		_, _ = io.CopyN(io.Discard, conn, int64(l.cfg.MaxHeader))
	}
}
