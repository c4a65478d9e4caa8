package serve

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// acmeWaits are the times before which an authority does not want to be asked again (Retry-After; RFC 8555, section 7.5.1), by URL. autocert
// waits for them with a context of its own, which has up to five minutes, whatever becomes of the server.
type acmeWaits struct {
	mu    sync.Mutex // guards the field below
	until map[string]time.Time
}

// note takes the time out of an answer, so that autocert asks again soon, and waits in await.
func (w *acmeWaits) note(url string, header http.Header) {
	text := header.Get("Retry-After")
	header.Del("Retry-After")
	until, err := http.ParseTime(text)
	if seconds, numeric := strconv.Atoi(text); numeric == nil {
		until, err = time.Now().Add(time.Duration(seconds)*time.Second), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || time.Until(until) <= 0 {
		delete(w.until, url)
		return
	}
	if w.until == nil {
		w.until = map[string]time.Time{}
	}
	w.until[url] = until
}

// await blocks until the authority may be asked, or ctx ends.
func (w *acmeWaits) await(ctx context.Context, url string) error {
	w.mu.Lock()
	until := w.until[url]
	w.mu.Unlock()
	if until.IsZero() {
		return ctx.Err()
	}
	select {
	case <-time.After(time.Until(until)):
		return ctx.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
