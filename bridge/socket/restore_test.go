package socket

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// A limit holds for what came before the move and after it together.
func TestLimitsHoldAcrossAMove(t *testing.T) {
	const once = 50
	limited := func(o *Options) {
		o.MaxMessage, o.MessageRate, o.MessageBurst, o.ControlRate, o.ControlBurst = 100, 1, once, 1, once
	}
	for name, row := range map[string]struct {
		before, after []byte
		want          outcome.Ending
	}{
		"message in two frames": {frameOf(0x01, noise[:60]), frameOf(0x80, noise[:41]), outcome.EndedTooBig},
		"message in one frame":  {frameOf(0x01, noise[:60])[:20], frameOf(0x01, noise[:60])[20:], math.MaxUint8},
		"messages":              {bytes.Repeat(frameOf(0x81, "x"), once), bytes.Repeat(frameOf(0x81, "x"), once), outcome.EndedFlood},
		"control frames":        {bytes.Repeat(frameOf(0x8a, "x"), once), bytes.Repeat(frameOf(0x8a, "x"), once), outcome.EndedFlood},
		"text":                  {frameOf(0x01, "\xe4\xb8"), frameOf(0x00, "x"), outcome.EndedNotUTF8},
		"binary message":        {frameOf(0x82, "x")[:3], frameOf(0x82, "x")[3:], outcome.EndedNoBinary},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMover(t, limited)
			m.sends(t, row.before)
			m.freeze(t)
			m.move(t)
			if _, err := m.client.NetConn().Write(row.after); err != nil {
				t.Fatal(err)
			}
			if row.want == math.MaxUint8 {
				if _, err := m.client.NetConn().Write(frameOf(0x80, noise[60:100])); err != nil {
					t.Fatal(err)
				}
				m.wantRead(t, noise[:100])
				return
			}
			if end := <-m.ends; end.Ending != row.want {
				t.Errorf("got %+v", end)
			}
		})
	}
}

// A bucket has as many tokens as it had.
func TestTokensAreSpentExactly(t *testing.T) {
	for _, tokens := range []float64{0, 0.25, 1, 2.5, 9.999, 10} {
		l := rate.NewLimiter(0.001, 10)
		if err := spend(l, tokens); err != nil {
			t.Error(err)
		}
		if got := spent(l); math.Abs(got-tokens) > 0.01 {
			t.Errorf("%v are spent of %v", got, tokens)
		}
	}
	l := rate.NewLimiter(0.001, 10)
	if err := spend(l, 1e9); err != nil || math.Abs(spent(l)-10) > 0.01 {
		t.Errorf("of a bucket that was larger %v are spent, %v", spent(l), err)
	}
	if spend(nil, 5) != nil || spent(nil) != 0 {
		t.Error("no limit is none")
	}
}

// Large messages take memory in the budgets, here and there, and what is compressed is kept.
func TestLargeMessagesMove(t *testing.T) {
	text := noise
	packed := deflated(t, false, []byte(text))
	for name, row := range map[string]struct {
		deflate Deflate
		sent    []byte
	}{
		"plain":      {NoDeflate, frameOf(0x81, text)},
		"compressed": {DeflateInWindow, frameOf(0xc1, string(packed))},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMover(t, func(o *Options) { o.Deflate = row.deflate })
			half := len(row.sent) / 2
			m.sends(t, row.sent[:half])
			m.freeze(t)
			held, floor := m.upgrader.Reading.Used(), half
			if row.deflate != NoDeflate {
				floor *= 2
			}
			if held < floor {
				t.Errorf("%d bytes are held of %d", held, half)
			}
			m.move(t)
			m.sends(t, row.sent[half:])
			m.wantRead(t, text)
			m.sends(t, frameOf(0x89, ""))
			for _, c := range append(m.moved, m.Conn) {
				for end := time.Now().Add(patience); c.upgrader.Reading.Used() != 0; time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("%d bytes are held of what was read", c.upgrader.Reading.Used())
					}
				}
			}
		})
	}
}

// Compressed data that nothing comes out of take memory, too.
func TestWhatIsKeptOfACompressedMessageTakesBudget(t *testing.T) {
	m := newMover(t, func(o *Options) { o.Deflate = DeflateApart })
	blocks := strings.Repeat("\x00\x00\x00\xff\xff", 20_000)
	m.sends(t, frameOf(0x41, blocks))
	m.freeze(t)
	if held := m.upgrader.Reading.Used(); held < len(blocks) {
		t.Errorf("%d bytes are held of %d", held, len(blocks))
	}
	m.Thaw()
	m.sends(t, frameOf(0x80, "\x00"))
	m.wantRead(t, "")
}

// A message that many wait for is carried once.
func TestABroadcastIsCarriedOnce(t *testing.T) {
	var movers []*mover
	var conns []*Conn
	for range 2 {
		m := newMover(t, func(o *Options) { o.Deflate = DeflateApart })
		movers, conns = append(movers, m), append(conns, m.Conn)
	}
	texts := []string{"0" + noise, "1" + noise, "2" + noise}
	for _, text := range texts {
		conns[0].upgrader.Broadcast(NewMessage(OpText, []byte(text)), these(conns...), func(_ int, err error) { t.Error(err) })
	}
	var queued Messages
	var states []*State
	for _, m := range movers {
		m.freeze(t)
		s, err := m.State(&queued)
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, s)
	}
	if n := queued.Len(); n > len(texts) || n < 2 || len(queued.From(n)) != 0 {
		t.Errorf("%d messages are carried", n)
	}
	upgrader := &Upgrader{Spawn: func(f func()) { movers[0].work.Go(f) }, Connections: these()}
	var arrived Messages
	for i, m := range movers {
		s, all := carry(t, states[i], &queued)
		if i == 0 {
			arrived = *all
		}
		o := m.options
		o.Owner = &owner{ended: make(chan bool, 2), closed: make(chan struct{})}
		c, err := upgrader.Restore(duplicate(t, m.Conn), s, &arrived, o)
		if err != nil {
			t.Fatal(err)
		}
		m.Release()
		m.Conn = c
	}
	if held := upgrader.Sending.Used(); held > (len(noise)+1000)*len(texts) {
		t.Errorf("%d bytes are held", held)
	}
	for _, m := range movers {
		m.Thaw()
		for _, text := range texts {
			m.want(t, text)
		}
	}
}

// The new process may give up, and the old one goes on.
func TestAMoveMayBeGivenUp(t *testing.T) {
	m := newMover(t, nil)
	m.sends(t, frameOf(0x01, "a"))
	m.freeze(t)
	var queued Messages
	s, err := m.State(&queued)
	if err != nil {
		t.Fatal(err)
	}
	s, arrived := carry(t, s, &queued)
	o := m.options
	o.Owner = &owner{ended: make(chan bool, 2), closed: make(chan struct{})}
	next, err := (&Upgrader{Connections: these()}).Restore(duplicate(t, m.Conn), s, arrived, o)
	if err != nil {
		t.Fatal(err)
	}
	next.Release()
	if _, _, end := next.Read(); !end.IsMove() {
		t.Errorf("got %+v", end)
	}
	m.Thaw()
	m.sends(t, frameOf(0x80, "b"))
	m.wantRead(t, "ab")
	m.send(t, "down")
	m.want(t, "down")
}

func TestRestoreSaysWhatIsWrong(t *testing.T) {
	text := func() *Partial { return &Partial{Opcode: OpText, Payload: []byte("a")} }
	for want, s := range map[string]*State{
		"deflate: unknown agreement 3":    {Deflate: 3},
		"window: not agreed to":           {Deflate: DeflateApart, Window: []byte("x")},
		"window: 32769 bytes":             {Deflate: DeflateInWindow, Window: make([]byte, window+1)},
		"waited: -1s":                     {Waited: -time.Second},
		"frame: opcode 3":                 {Frame: []byte{0x83}},
		"frame: frame without a mask":     {Frame: []byte{0x81, 0x01}},
		"frame: is whole":                 {Frame: frameOf(0x89, "ping")},
		"frame: -1 bytes left":            {Frame: frameOf(0x81, "x")[:6], Left: -1, Message: text()},
		"frame: 5 bytes left":             {Frame: frameOf(0x81, "abc")[:6], Left: 5, Message: text()},
		"frame: 1 bytes left":             {Left: 1},
		"frame: 2 bytes left":             {Frame: frameOf(0x89, "ping")[:8], Left: 2},
		"frame: 1 bytes after the header": {Frame: frameOf(0x81, "abc")[:7], Left: 2, Message: text()},
		"frame: a message within a message, or the rest of none": {Frame: []byte{0x80}},
		"message: does not begin with its first frame":           {Frame: []byte{0x81}, Message: text()},
		"message: opcode 9":            {Message: &Partial{Opcode: OpPing}},
		"message: opcode 2":            {Frame: frameOf(0x81, "abc")[:6], Left: 2, Message: &Partial{Opcode: OpBinary}},
		"message: is compressed":       {Message: &Partial{Opcode: OpText, Compressed: true}},
		"spent messages: -1":           {SpentMessages: -1},
		"spent controls: NaN":          {SpentControls: math.NaN()},
		"queue: no message 1":          {Queue: []int{1}},
		"queue: no message -1":         {Queue: []int{-1}},
		"taken: 1 bytes of no message": {Taken: 1},
		"taken: 3 bytes of 3":          {Queue: []int{0}, Taken: 3},
	} {
		var queued Messages
		if err := queued.Add(Queued{Opcode: OpText, Payload: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		u := &Upgrader{Connections: these()}
		here, there := tcpPipe(t)
		if _, err := u.Restore(here, s, &queued, Options{Owner: &owner{}, MaxMessage: 100}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if n := u.Sending.Used(); n != 0 {
			t.Errorf("%s: %d bytes are held", want, n)
		}
		here.Close()
		there.Close()
	}
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	if _, err := new(Upgrader).Restore(here, &State{}, new(Messages), Options{Owner: &owner{}}); err == nil {
		t.Error("a pipe is restored")
	}
}

// tcpPipe returns both ends of a connection.
func tcpPipe(t *testing.T) (here, there net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if there, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if here, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return here, there
}

func TestAddSaysWhatIsWrong(t *testing.T) {
	for want, q := range map[string]Queued{
		"opcode 8":                      {Opcode: OpClose},
		"opcode 0":                      {},
		"opcode 3":                      {Opcode: 3},
		"control frame of 126 bytes":    {Opcode: OpPing, Payload: make([]byte, 126)},
		"compressed frame is malformed": {Opcode: OpText, Payload: []byte("x"), Deflated: []byte{0xc1, 1}},
	} {
		if err := new(Messages).Add(q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	q := Queued{Payload: []byte("HTTP/1.1 101")}
	var all Messages
	if err := all.Add(q); err != nil || fmt.Sprint(all.From(0)) != fmt.Sprint([]Queued{q}) {
		t.Errorf("got %v, %v", all.From(0), err)
	}
}

// FuzzRestore holds that a State is refused, or that gorilla and the check accept what it makes them read.
func FuzzRestore(f *testing.F) {
	f.Add(frameOf(0x81, "abc")[:6], int64(2), true, byte(OpText), false, []byte("a"))
	f.Add(frameOf(0x89, "abc")[:8], int64(0), true, byte(OpBinary), true, []byte{})
	f.Add([]byte{0x41}, int64(0), false, byte(0), false, []byte{})
	f.Add([]byte{0x80, 0xff, 0, 0, 0}, int64(0), true, byte(OpText), false, []byte("a"))
	f.Fuzz(func(t *testing.T, frame []byte, left int64, begun bool, op byte, compressed bool, payload []byte) {
		s := &State{Frame: frame, Left: left}
		if begun {
			s.Message = &Partial{Opcode: Opcode(op), Compressed: compressed, Payload: payload}
		}
		check := checked(strings.NewReader(""), true)
		if err := check.restore(s); err != nil {
			return
		}
		conn := gorilla(t, input{Reader: io.MultiReader(bytes.NewReader(s.replay()), check)})
		kind, r, err := conn.NextReader()
		if begun != (err == nil) || begun && kind != int(op) {
			t.Fatalf("%+v: gorilla begins message %d, %v", s, kind, err)
		}
		if begun {
			_, err = r.Read(make([]byte, 1))
		}
		if !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) && err != io.EOF {
			t.Fatalf("%+v: gorilla objects: %v", s, err)
		}
	})
}
