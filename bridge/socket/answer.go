package socket

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// Answer writes another answer than 101, which answer makes, and closes the connection, instead of Greet. It blocks for that time at most. A
// client that has waited for the answer has sent nothing more that would have to be read.
func (c *Conn) Answer(within time.Duration, answer func(http.ResponseWriter)) {
	defer c.conn.Close()
	_ = c.conn.SetDeadline(time.Now().Add(within)) // if it fails, so does writing
	w := response{header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}}
	if answer(&w); w.status != 0 {
		_, _ = c.conn.Write(w.bytes())
	}
}

// response is a short answer to a request whose connection has been taken over.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) { r.status = status }

func (r *response) Write(p []byte) (int, error) { return r.body.Write(p) }

func (r *response) bytes() []byte {
	whole := http.Response{StatusCode: r.status, ProtoMajor: 1, ProtoMinor: 1, Header: r.header, Close: true,
		ContentLength: int64(r.body.Len()), Body: io.NopCloser(&r.body)}
	var b bytes.Buffer
	_ = whole.Write(&b) // to memory: it cannot fail
	return b.Bytes()
}
