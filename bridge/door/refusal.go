package door

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// Refusal is the answer to a request that does not come in.
type Refusal struct {
	Why    outcome.Refusal
	Detail string // told instead of Why's text; empty: there is no more to tell
	Logged string // logged instead of what the client is told; empty: that is logged
}

// Text is what the client is told.
func (no *Refusal) Text() string { return cmp.Or(no.Detail, no.Why.Text()) }

// Answer writes the answer to a request, after which the server closes the connection.
func (no *Refusal) Answer(w http.ResponseWriter) {
	if no.Why.Retry() {
		w.Header().Set("Retry-After", retryAfter())
	}
	switch no.Why.Status() {
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
	http.Error(w, no.Text(), no.Why.Status())
}

// A client that may ask again does so after retryLeast to retryMost seconds: php-fpm restarts within the least of them, and clients
// that were refused together come back one after the other.
const (
	retryLeast = 2
	retryMost  = 10
)

func retryAfter() string { return strconv.Itoa(retryLeast + rand.IntN(retryMost-retryLeast+1)) }
