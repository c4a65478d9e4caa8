package socket

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// input is a socket that gives what a client has sent, and then ends.
type input struct {
	net.Conn
	io.Reader
}

func (i input) Read(p []byte) (int, error)       { return i.Reader.Read(p) }
func (i input) Write(p []byte) (int, error)      { return len(p), nil }
func (i input) SetDeadline(time.Time) error      { return nil }
func (i input) SetReadDeadline(time.Time) error  { return nil }
func (i input) SetWriteDeadline(time.Time) error { return nil }
func (i input) Close() error                     { return nil }

func checked(r io.Reader, deflate bool) *frameCheck {
	return &frameCheck{Conn: input{Reader: r}, limit: 1000, deflate: deflate}
}

// hijacked is a response whose connection is conn.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(io.Discard)), nil
}

// gorilla returns a server's connection that reads from conn.
func gorilla(t testing.TB, conn net.Conn) *websocket.Conn {
	t.Helper()
	request := &http.Request{Method: http.MethodGet, Header: http.Header{
		"Connection": {"upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}}
	upgrader := websocket.Upgrader{ReadBufferSize: readBuffer}
	c, err := upgrader.Upgrade(hijacked{conn: conn}, request, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func masked(b ...byte) []byte { return append(b, 0, 0, 0, 0) } // with a key that changes nothing

func TestFrameCheckEndsAtTheByteThatIsWrong(t *testing.T) {
	hello := append(masked(0x81, 0x85), "hello"...)
	for name, row := range map[string]struct {
		bytes   []byte
		passes  int // of the bytes after a good frame
		deflate bool
		ending  outcome.Ending
	}{
		"reserved bit":                 {[]byte{0xa1, 0x80}, 0, true, outcome.EndedProtocol},
		"rsv1 without the extension":   {[]byte{0xc1, 0x80}, 0, false, outcome.EndedProtocol},
		"rsv1 in a ping":               {[]byte{0xc9, 0x80}, 0, true, outcome.EndedProtocol},
		"rsv1 in a continuation":       {append(masked(0x41, 0x80), 0x40), 6, true, outcome.EndedProtocol},
		"opcode":                       {[]byte{0x83, 0x80}, 0, false, outcome.EndedProtocol},
		"continuation of nothing":      {[]byte{0x80, 0x80}, 0, false, outcome.EndedProtocol},
		"no mask":                      {[]byte{0x81, 0x05}, 1, false, outcome.EndedProtocol},
		"long ping":                    {[]byte{0x89, 0xfe, 0}, 1, false, outcome.EndedProtocol},
		"length not at its shortest":   {[]byte{0x81, 0xfe, 0, 125, 0}, 3, false, outcome.EndedProtocol},
		"over the limit":               {[]byte{0x81, 0xfe, 3, 233, 0}, 3, false, outcome.EndedTooBig},
		"over the limit in two frames": {append(masked(0x01, 0x81), 'x', 0x80, 0xfe, 3, 232, 0), 10, false, outcome.EndedTooBig},
		"negative length":              {[]byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0}, 9, false, outcome.EndedProtocol},
		"half a close code":            {[]byte{0x88, 0x81, 0}, 1, false, outcome.EndedProtocol},
		"close code":                   {append(masked(0x88, 0x82), 3, 0xee), 7, false, outcome.EndedProtocol},
		"close reason":                 {append(masked(0x88, 0x83), 3, 0xe8, 0xff), 8, false, outcome.EndedNotUTF8},
	} {
		for kind, r := range map[string]func(io.Reader) io.Reader{"whole": same, "bytewise": iotest.OneByteReader} {
			f := checked(r(bytes.NewReader(append(bytes.Clone(hello), row.bytes...))), row.deflate)
			passed, err := io.ReadAll(f)
			var bad *violation
			if !errors.As(err, &bad) || bad.ending != row.ending || len(passed) != len(hello)+row.passes {
				t.Errorf("%s, %s: %d bytes passed after a good frame, %v", name, kind, len(passed)-len(hello), err)
			}
			if _, again := f.Read(make([]byte, 1)); again != err {
				t.Errorf("%s, %s: read on with %v", name, kind, again)
			}
		}
	}
}

func same(r io.Reader) io.Reader { return r }

func TestFrameCheckKeepsTheCloseFrame(t *testing.T) {
	for name, row := range map[string]struct {
		bytes []byte
		code  int
	}{
		"empty":  {masked(0x88, 0x80), 1005},
		"coded":  {append(masked(0x88, 0x82), 0x0f, 0xa0), 4000},
		"reason": {append(masked(0x88, 0x85), 0x03, 0xe8, 'b', 'y', 'e'), 1000},
	} {
		_, err := io.ReadAll(checked(bytes.NewReader(row.bytes), false))
		if !websocket.IsCloseError(err, row.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A message goes on in the middle of each of its frames' headers, too.
func TestFrameCheckKnowsWhetherAMessageIsUnderWay(t *testing.T) {
	message := append(masked(0x01, 0x81), append([]byte("x"), append(masked(0x89, 0x81), append([]byte("p"), append(masked(0x80, 0x81), 'y')...)...)...)...)
	f := checked(nil, false)
	for i := range message {
		if _, err := f.check(message[i : i+1]); err != nil {
			t.Fatal(err)
		}
		if isLast := i == len(message)-1; f.isWithinMessage() == isLast {
			t.Errorf("after byte %d: within a message is %v", i, !isLast)
		}
	}
	for i, b := range masked(0x89, 0x80) {
		if _, err := f.check([]byte{b}); err != nil || f.isWithinMessage() {
			t.Errorf("after byte %d of a ping: %v", i, err)
		}
	}
}

// FuzzFrameCheck holds that packets' borders make no difference, and that gorilla has no objection to what passes.
func FuzzFrameCheck(f *testing.F) {
	f.Add(append(masked(0x81, 0x85), "hello"...), uint8(1), false)
	f.Add(append(masked(0x41, 0x81), 0, 0x00, 0x80, 1, 2, 3, 4), uint8(3), true)
	f.Add(append(masked(0x88, 0x85), 0x03, 0xe8, 'b', 'y', 'e'), uint8(5), false)
	f.Add(append(masked(0x89, 0x81, 7), masked(0x81, 0xfe, 1, 0)...), uint8(2), false)
	f.Fuzz(func(t *testing.T, sent []byte, piece uint8, deflate bool) {
		passed, err := io.ReadAll(checked(bytes.NewReader(sent), deflate))
		chopped, choppedErr := io.ReadAll(checked(&pieces{sent, int(piece) + 1}, deflate))
		if !bytes.Equal(passed, chopped) || fmt.Sprint(err) != fmt.Sprint(choppedErr) {
			t.Errorf("%d bytes and %v; in pieces %d bytes and %v", len(passed), err, len(chopped), choppedErr)
		}
		if !deflate && !bytes.HasPrefix(sent, passed) {
			t.Error("what passes is not what was sent")
		}
		conn := gorilla(t, input{Reader: bytes.NewReader(passed)})
		for {
			if _, r, err := conn.NextReader(); err == nil {
				_, _ = io.Copy(io.Discard, r)
			} else if !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) && err != io.EOF {
				t.Fatalf("gorilla objects: %v", err)
			} else {
				return
			}
		}
	})
}

// pieces gives its bytes in pieces of at most that size.
type pieces struct {
	bytes []byte
	size  int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.bytes) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.size)], p.bytes)
	p.bytes = p.bytes[n:]
	return n, nil
}
