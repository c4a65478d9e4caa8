package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

const (
	acmeTimeout = 30 * time.Second // of a request to the authority
	maxAnswer   = 1 << 20          // bytes of the authority's
)

// acmeTransport asks the authority as long as a context lives, and logs what it refuses, and why: autocert tells neither when it
// renews a certificate, nor why the authority does not believe that a name is ours.
type acmeTransport struct {
	log  *slog.Logger
	next http.RoundTripper
	life atomic.Pointer[context.Context]
	acmeWaits
}

func newAcmeTransport(log *slog.Logger) *acmeTransport {
	t := &acmeTransport{log: log, next: http.DefaultTransport}
	t.live(context.Background())
	return t
}

// live lets requests end with ctx.
func (t *acmeTransport) live(ctx context.Context) { t.life.Store(&ctx) }

func (t *acmeTransport) client() *http.Client {
	return &http.Client{Transport: t} // acmeTimeout bounds a request without what it waits for before
}

// RoundTrip implements http.RoundTripper.
func (t *acmeTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	life := *t.life.Load()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel() // the answer has been read by then
	defer context.AfterFunc(life, cancel)()
	if err := t.await(ctx, r.URL.String()); err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, acmeTimeout)
	defer stop()
	response, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, t.failed(life, r, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, t.failed(life, r, err)
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	t.note(r.URL.String(), response.Header)
	t.explain(response, text)
	return response, nil
}

func (t *acmeTransport) failed(life context.Context, r *http.Request, err error) error {
	if life.Err() == nil {
		t.log.Warn("the certificate authority cannot be asked", "url", r.URL.String(), "error", err)
	}
	return err
}

// acmeProblem is what the authority says of a refusal (RFC 8555, section 6.7).
type acmeProblem struct {
	Type, Detail string
}

// acmeAnswer is what matters here of an answer: a problem, or an authorization (RFC 8555, section 7.1.4).
type acmeAnswer struct {
	acmeProblem
	Status     any // a number in a problem
	Identifier struct{ Value string }
	Challenges []struct {
		Type  string
		Error *acmeProblem
	}
}

// explain logs why the authority refuses a request, or does not believe that a name is ours.
func (t *acmeTransport) explain(response *http.Response, text []byte) {
	var a acmeAnswer
	if json.Unmarshal(text, &a) != nil {
		return
	}
	if response.StatusCode >= http.StatusBadRequest {
		if !strings.HasSuffix(a.Type, ":badNonce") { // it is asked again (RFC 8555, section 6.5)
			t.log.Warn("the certificate authority refuses", "error", fmt.Sprintf("%s %s: %s", response.Status, a.Type, a.Detail))
		}
		return
	}
	for _, c := range a.Challenges {
		if c.Error != nil {
			t.log.Warn("the certificate authority could not check the name", "name", a.Identifier.Value, "by", c.Type,
				"error", fmt.Sprintf("%s: %s", c.Error.Type, c.Error.Detail))
		}
	}
}
