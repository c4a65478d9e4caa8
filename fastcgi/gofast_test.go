package fastcgi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/yookoala/gofast"

	"github.com/wsbridge/wsbridge/protocol"
)

// opinion is how a client reads an answer.
type opinion struct{ header, body, stderr string }

// TestSecondOpinion sends the same requests through gofast's client and through ours, and compares what they read.
func TestSecondOpinion(t *testing.T) {
	s := newSite(t)
	s.own(t, 2)
	c := s.client(t, func(cfg *Config) { cfg.Script = s.path("mirror.php") })
	for _, size := range []int{-1, 0, 1, 65_527, 65_528, 65_529, 65_535, 65_536, 1 << 20} {
		for _, query := range []string{"", "stderr=3", "status=404", "exit=7", "stderr=1&exit=255&status=500", "size=65536", "size=1048576"} {
			r := httptest.NewRequest(http.MethodGet, "/chat?"+query, nil)
			r.Header.Set("Cookie", "a=1; b=%20")
			environment, err := c.Environment(r, "")
			if err != nil {
				t.Fatal(err)
			}
			events := eventOfSize(size)
			ours, theirs := askOurs(t, c, environment, events), askGofast(t, c, environment, events)
			if ours != theirs {
				t.Errorf("body of %d, %q: got %s, gofast got %s", size, query, ours, theirs)
			}
			if !strings.HasSuffix(strings.TrimRight(ours.body, "0123456789abcdef"), strings.TrimRight(bodyOf(events), "0123456789abcdef")) {
				t.Errorf("body of %d, %q: did not come back: %s", size, query, ours)
			}
		}
	}
}

func (o opinion) String() string {
	return fmt.Sprintf("%q and %d bytes and %q", o.header, len(o.body), o.stderr)
}

// eventOfSize returns an event whose body has that size or, if the line alone is longer, whose payload has. It returns no event for a
// negative size.
func eventOfSize(size int) []*protocol.Event {
	if size < 0 {
		return nil
	}
	e := &protocol.Event{Kind: protocol.Text, Seq: 1, Payload: bytes.Repeat([]byte{'z'}, size)}
	if over := len(e.AppendTo(nil)) - size; size > over {
		e.Payload = e.Payload[over:]
	}
	return []*protocol.Event{e}
}

func bodyOf(events []*protocol.Event) string {
	var b []byte
	for _, e := range events {
		b = e.AppendTo(b)
	}
	return string(b)
}

func askOurs(tb testing.TB, c *Client, environment []byte, events []*protocol.Event) opinion {
	tb.Helper()
	k, err := c.pool.get(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	k.request.encode(environment, c.params.bytes(), events)
	if err := k.send(); err != nil {
		tb.Fatal(err)
	}
	var got recorder
	if status, err := readAnswer(k.reader, &got); err != nil || status != statusComplete {
		tb.Fatalf("status %d: %v", status, err)
	}
	c.pool.put(k)
	return newOpinion(got.out.String(), got.err.String())
}

func newOpinion(out, stderr string) opinion {
	header, body, _ := strings.Cut(out, "\r\n\r\n")
	return opinion{header, body, stderr}
}

func askGofast(tb testing.TB, c *Client, environment []byte, events []*protocol.Event) opinion {
	tb.Helper()
	client, err := gofast.SimpleClientFactory(gofast.SimpleConnFactory(c.cfg.Network, c.cfg.Address))()
	if err != nil {
		tb.Fatal(err)
	}
	defer client.Close()
	answer, err := client.Do(gofastRequest(tb, c, environment, bodyOf(events)))
	if err != nil {
		tb.Fatal(err)
	}
	w, stderr := &rawResponse{header: http.Header{}}, new(bytes.Buffer)
	if err := answer.WriteTo(w, stderr); err != nil {
		tb.Fatal(err)
	}
	return opinion{w.section(), w.body.String(), stderr.String()}
}

func gofastRequest(tb testing.TB, c *Client, environment []byte, body string) *gofast.Request {
	request := gofast.NewRequest(nil)
	request.KeepConn = true
	request.Params = decodePairs(tb, environment)
	for name, value := range decodePairs(tb, c.params.bytes()) {
		request.Params[name] = value
	}
	request.Params["CONTENT_LENGTH"] = strconv.Itoa(len(body))
	request.Stdin = io.NopCloser(strings.NewReader(body))
	return request
}

// rawResponse records an answer as gofast parses it.
type rawResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *rawResponse) Header() http.Header         { return w.header }
func (w *rawResponse) WriteHeader(status int)      { w.status = status }
func (w *rawResponse) Write(p []byte) (int, error) { return w.body.Write(p) }

// section writes the header section as PHP does.
func (w *rawResponse) section() string {
	section := "Content-type: " + w.header.Get("Content-Type")
	if w.status != 0 && w.status != http.StatusOK {
		section = fmt.Sprintf("Status: %d %s\r\n", w.status, http.StatusText(w.status)) + section
	}
	return section
}
