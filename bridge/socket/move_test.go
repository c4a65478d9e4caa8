package socket

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// mover is a WebSocket whose server's end moves to other Upgraders, as to other processes, while a goroutine reads it.
type mover struct {
	*pair
	options Options
	counter *byteCounter
	moved   []*Conn     // the Conns before
	owners  []*owner    // all of them
	got     chan string // messages that were read, wherever
	ends    chan *End
}

// byteCounter is an owner that counts bytes while others look.
type byteCounter struct {
	*owner
	read atomic.Int64
}

func (c *byteCounter) OnBytes(n int) { c.read.Add(int64(n)) }

func newMover(t *testing.T, change func(*Options)) *mover {
	t.Helper()
	m := &mover{got: make(chan string, 1000), ends: make(chan *End, 1000)}
	m.pair = newPair(t, func(o *Options) {
		if change != nil {
			change(o)
		}
		m.counter = &byteCounter{owner: o.Owner.(*owner)}
		o.Owner = m.counter
		if m.options = *o; o.Deflate == DeflateInWindow {
			o.Deflate = DeflateApart // the client, which sends bytes, knows no other
		}
	})
	m.inWindow = m.options.Deflate == DeflateInWindow
	m.owners = append(m.owners, m.owner)
	m.reads()
	return m
}

func (m *mover) reads() {
	c := m.Conn
	m.work.Go(func() {
		c.KeepAlive(patience)
		for {
			_, payload, end := c.Read()
			if end != nil {
				m.ends <- end
				c.CloseRead(end)
				return
			}
			m.got <- string(payload)
		}
	})
}

func (m *mover) freeze(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := m.Freeze(ctx); err != nil {
		t.Fatal(err)
	}
}

// move moves the connection, which is frozen.
func (m *mover) move(t *testing.T) {
	t.Helper()
	old := m.Conn
	var queued Messages
	state, err := old.State(&queued)
	if err != nil {
		t.Fatal(err)
	}
	state, arrived := carry(t, state, &queued)
	upgrader := &Upgrader{Spawn: func(f func()) { m.work.Go(f) }, Connections: these()}
	fresh := &byteCounter{owner: &owner{ended: m.owner.ended, closed: make(chan struct{})}}
	o := m.options
	o.Owner = fresh
	next, err := upgrader.Restore(duplicate(t, old), state, arrived, o)
	if err != nil {
		t.Fatal(err)
	}
	old.Release()
	if end := <-m.ends; !end.IsMove() {
		t.Fatalf("the old reader ended with %+v", end)
	}
	m.moved, m.owners = append(m.moved, old), append(m.owners, fresh.owner)
	m.Conn, m.owner, m.counter = next, fresh.owner, fresh
	next.Thaw()
	m.reads()
}

// carry returns what another process gets of a State.
func carry(t *testing.T, s *State, queued *Messages) (*State, *Messages) {
	t.Helper()
	var b bytes.Buffer
	var carried State
	var all []Queued
	e, d := gob.NewEncoder(&b), gob.NewDecoder(&b)
	for _, err := range []error{e.Encode(s), d.Decode(&carried), e.Encode(queued.From(0)), d.Decode(&all)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var arrived Messages
	for _, one := range all {
		if err := arrived.Add(one); err != nil {
			t.Fatal(err)
		}
	}
	return &carried, &arrived
}

// duplicate returns another connection of the same socket, as another process would get it.
func duplicate(t *testing.T, c *Conn) (conn net.Conn) {
	t.Helper()
	var dup int
	var err error
	if failed := c.Descriptor(func(fd uintptr) { dup, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	f := os.NewFile(uintptr(dup), "moved")
	defer f.Close()
	if conn, err = net.FileConn(f); err != nil {
		t.Fatal(err)
	}
	return conn
}

// sends writes bytes as the client, and waits until the server has read them.
func (m *mover) sends(t *testing.T, b []byte) {
	t.Helper()
	had := m.counter.read.Load()
	if _, err := m.client.NetConn().Write(b); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); m.counter.read.Load() < had+int64(len(b)); time.Sleep(50 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes were read of %d", m.counter.read.Load()-had, len(b))
		}
	}
}

// wantRead fails the test unless these are the messages that the server gets.
func (m *mover) wantRead(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		select {
		case got := <-m.got:
			if got != text {
				t.Fatalf("got %.40q, want %.40q", got, text)
			}
		case end := <-m.ends:
			t.Fatalf("reading ended with %+v, want %.40q", end, text)
		case <-time.After(patience):
			t.Fatalf("%.40q does not arrive", text)
		}
	}
}

// frameOf returns a client's frame.
func frameOf(first byte, payload string) []byte {
	b := appendHeader(nil, first, len(payload))
	b[1] |= maskBit
	key := []byte{0x31, 0xc5, 0x07, 0xee}
	b = append(b, key...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%keySize])
	}
	return b
}

// stream is what a client may send.
type stream struct {
	deflate Deflate
	bytes   []byte
	texts   []string // that the server has to read
	pongs   []string // that the client has to get
}

func streams(t *testing.T) map[string]stream {
	words := "a text that is said again: grüße, 世界; "
	long := strings.Repeat(words, 4)
	apart := deflated(t, false, []byte(long))
	said := deflated(t, false, []byte(words))
	again := bytes.TrimSuffix(deflatedPart(t, false, []byte(words), []byte(words+"more")), []byte(syncTail))
	third := bytes.TrimSuffix(deflatedPart(t, false, []byte(words+words+"more"), []byte("more"+words)), []byte(syncTail))
	return map[string]stream{
		"texts": {NoDeflate, slices.Concat(frameOf(0x81, words), frameOf(0x81, ""), frameOf(0x81, long)), []string{words, "", long}, nil},
		"fragments": {NoDeflate, slices.Concat(frameOf(0x01, words[:30]), frameOf(0x89, "ping"), frameOf(0x00, ""), frameOf(0x00, words[30:35]),
			frameOf(0x8a, "pong"), frameOf(0x80, words[35:]), frameOf(0x89, ""), frameOf(0x01, ""), frameOf(0x80, "x")),
			[]string{words, "x"}, []string{"ping", ""}},
		"compressed apart": {DeflateApart, slices.Concat(frameOf(0xc1, string(apart)), frameOf(0x81, "plain"), frameOf(0x41, string(apart[:9])),
			frameOf(0x89, "p"), frameOf(0x00, string(apart[9:20])), frameOf(0x80, string(apart[20:]))), []string{long, "plain", long}, []string{"p"}},
		"compressed in window": {DeflateInWindow, slices.Concat(frameOf(0xc1, string(said)), frameOf(0x41, string(again[:3])),
			frameOf(0x80, string(again[3:])), frameOf(0x89, "p"), frameOf(0xc1, string(third))),
			[]string{words, words + "more", "more" + words}, []string{"p"}},
	}
}

// wantStream fails the test unless s has come, and nothing else. What it is called with is where the connection moved.
func (m *mover) wantStream(t *testing.T, s stream, pongs <-chan string, at string) {
	t.Helper()
	m.wantRead(t, s.texts...)
	m.send(t, "end")
	m.want(t, "end")
	var got []string
	for len(pongs) > 0 {
		got = append(got, <-pongs)
	}
	if !slices.Equal(got, s.pongs) || len(m.got) > 0 {
		t.Fatalf("%s: got pongs %q, want %q; %d more messages", at, got, s.pongs, len(m.got))
	}
}

// pongs returns a channel that gets the payload of each pong that the client reads.
func (m *mover) pongs() <-chan string {
	pongs := make(chan string, 100)
	m.client.SetPongHandler(func(data string) error { pongs <- data; return nil })
	return pongs
}

// A client may be anywhere in what it sends when its connection moves.
func TestMoveAtAnyByte(t *testing.T) {
	for name, s := range streams(t) {
		t.Run(name, func(t *testing.T) {
			for cut := range len(s.bytes) + 1 {
				m := newMover(t, func(o *Options) { o.Deflate = s.deflate })
				pongs := m.pongs()
				m.sends(t, s.bytes[:cut])
				m.freeze(t)
				m.move(t)
				m.sends(t, s.bytes[cut:])
				m.wantStream(t, s, pongs, fmt.Sprint("moved at byte ", cut))
			}
		})
	}
}

// A connection may move many times, or only be frozen, in the middle of one message.
func TestMoveAtEveryByte(t *testing.T) {
	for name, s := range streams(t) {
		for how, goOn := range waysOn() {
			t.Run(name+", "+how, func(t *testing.T) {
				m := newMover(t, func(o *Options) { o.Deflate = s.deflate })
				pongs := m.pongs()
				for i := range s.bytes {
					m.sends(t, s.bytes[i:i+1])
					m.freeze(t)
					goOn(m, t)
				}
				m.wantStream(t, s, pongs, how)
			})
		}
	}
}

func TestWritingGoesOnWhileReadingIsFrozen(t *testing.T) {
	m := newMover(t, nil)
	for range 2 {
		if err := m.FreezeReading(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := m.client.WriteMessage(1, []byte("later")); err != nil {
			t.Fatal(err)
		}
		m.send(t, "at once")
		m.want(t, "at once")
		m.send(t, large("a")) // which the socket does not take at once
		m.want(t, large("a"))
		m.send(t, large("b"))
		m.freeze(t)
		if _, err := m.State(&Messages{}); err != nil {
			t.Fatal(err)
		}
		m.send(t, "c")
		m.ThawWriting()
		if _, err := m.State(&Messages{}); !errors.Is(err, ErrNotFrozen) {
			t.Errorf("got %v", err)
		}
		m.want(t, large("b"))
		m.want(t, "c")
		if len(m.got) > 0 {
			t.Errorf("%q was read", <-m.got)
		}
		m.Thaw()
		m.wantRead(t, "later")
	}
	if err := m.FreezeReading(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.freeze(t)
	m.move(t)
	m.sends(t, frameOf(0x81, "there"))
	m.wantRead(t, "there")
}
