package socket

import (
	"errors"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

func TestReadTellsHowItEnds(t *testing.T) {
	for name, row := range map[string]struct {
		sent        string // by the client; empty: nothing
		code        int
		ending      outcome.Ending
		isViolation bool
	}{
		"close frame":              {"\x88\x82\x00\x00\x00\x00\x0f\xa0", 4000, outcome.EndedByClient, false},
		"close frame without code": {"\x88\x80\x00\x00\x00\x00", 1000, outcome.EndedByClient, false},
		"bad frame":                {"\x83\x80", 1002, outcome.EndedProtocol, true},
		"binary message":           {"\x82\x80\x00\x00\x00\x00", 1003, outcome.EndedNoBinary, true},
		"bad text":                 {"\x81\x81\x00\x00\x00\x00\xff", 1007, outcome.EndedNotUTF8, true},
		"ping without room":        {"\x89\x80\x00\x00\x00\x00", 1013, outcome.EndedSlow, false},
		"silence":                  {"", 0, outcome.EndedSilent, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, func(o *Options) { o.SendQueue = 1 })
			if row.ending == outcome.EndedSlow {
				p.send(t, large("not read"))
			}
			if p.KeepAlive(patience); row.sent == "" {
				p.KeepAlive(time.Millisecond)
			}
			if _, err := p.client.NetConn().Write([]byte(row.sent)); err != nil {
				t.Fatal(err)
			}
			_, _, end := p.Read()
			if end == nil || end.Ending != row.ending || end.Code != row.code || end.IsViolation() != row.isViolation {
				t.Errorf("got %+v", end)
			}
		})
	}
}

// After its deadline nothing can be read of a connection, even if it has come before.
func TestWhatHasComeIsReadBeforeAClientIsSilent(t *testing.T) {
	p := newPair(t, nil)
	if err := p.client.WriteMessage(websocket.TextMessage, []byte("in time")); err != nil {
		t.Fatal(err)
	}
	for !arrived(t, p) { // to be there when the deadline is over
	}
	p.KeepAlive(-time.Hour)
	if _, got, end := p.Read(); end != nil || string(got) != "in time" || p.owner.bytes != len(got)+6 {
		t.Errorf("got %q, %+v, %d bytes", got, end, p.owner.bytes)
	}
	p.owner.more = time.Millisecond
	p.KeepAlive(-time.Minute)
	if _, _, end := p.Read(); end == nil || end.Ending != outcome.EndedSilent || p.owner.more != 0 {
		t.Errorf("got %+v", end)
	}
}

// arrived reports whether something of the client's can be read.
func arrived(t *testing.T, p *pair) (ok bool) {
	t.Helper()
	err := p.raw.raw.Control(func(fd uintptr) {
		fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, _ := unix.Poll(fds[:], 100)
		ok = n > 0
	})
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// A client that goes on sending still reads the close frame, and is waited for only as long as closeWait.
func TestCloseReadLetsTheCloseFrameArrive(t *testing.T) {
	p := newPair(t, nil)
	if _, err := p.client.NetConn().Write([]byte("\x83\x80and more")); err != nil {
		t.Fatal(err)
	}
	_, _, end := p.Read()
	p.Close(end.Code, end.Reason)
	began := time.Now()
	p.work.Go(func() { p.CloseRead(end) })
	p.wantClose(t, 1002)
	select {
	case <-p.owner.closed:
	case <-time.After(patience):
		t.Fatal("the connection is not closed")
	}
	if took := time.Since(began); took > 15*closeWait {
		t.Errorf("it took %v", took)
	}
}

func TestCauseIsFoundBehindGorillasErrors(t *testing.T) {
	socket, gorillas := errors.New("the socket's"), errors.New("gorilla's")
	for name, row := range map[string]struct {
		check, err error
		want       string
	}{
		"a violation in a message":     {socket, wrong("mine"), "mine"},
		"the socket's own":             {socket, gorillas, "the socket's"},
		"gorilla's, with a good check": {nil, gorillas, "gorilla's"},
	} {
		c := &Conn{check: frameCheck{err: row.check}}
		if err := c.cause(row.err); err.Error() != row.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
