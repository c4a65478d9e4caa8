package faults

import (
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// hasty has clients count as silent after two seconds.
const hasty = "[server]\nping_interval = \"1s\"\npong_timeout = \"2s\"\n"

// A slow connection is busy with its message, and can answer no ping until that is through.
func TestBytesOfAMessageAreASignOfLife(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: hasty})
	p := s.Peer("Cookie: a=b", "User-Agent: tests")
	f := harness.Text("a message that takes long")
	began := time.Now()
	for _, b := range harness.AppendAll(nil, []harness.Frame{f}) {
		p.Write([]byte{b})
		time.Sleep(200 * time.Millisecond) // what it takes is what is tested
	}
	if time.Since(began) < 4*time.Second {
		t.Fatal("the message was through in time")
	}
	for got := p.Next(); got != f; got = p.Next() {
		if got.Op != harness.OpPing {
			t.Fatalf("got %v", got)
		}
	}
}

// A client that sends nothing, not even pongs, still ends.
func TestAClientThatAnswersNoPingIsSilent(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: hasty})
	p := s.Peer("Cookie: a=b", "User-Agent: tests")
	p.Want(harness.Ping(""))
	_ = p.Discard()
	s.Log.Wait("client left", `"ending":"silent"`)
}

// While wsbridge is stopped it sends no pings, and what clients send waits.
func TestAStoppedServerKeepsItsClients(t *testing.T) {
	for name, tls := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const times = "ping_interval = \"2s\"\npong_timeout = \"5s\"\n"
			var s *harness.Server
			if tls {
				s = harness.ServeTLS(t, harness.App{Handlers: harness.Echo, TOML: times}, harness.NewCertificate(t, "x"))
			} else {
				s = harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[server]\n" + times})
			}
			clients := s.ConnectMany(20)
			for _, c := range clients { // their times end one after the other
				c.Ask("x")
				time.Sleep(20 * time.Millisecond)
			}
			s.Signal(syscall.SIGSTOP)
			for _, c := range clients[10:] {
				c.Send("sent meanwhile")
			}
			time.Sleep(7 * time.Second) // what it takes is what is tested
			s.Signal(syscall.SIGCONT)
			for _, c := range clients[10:] {
				c.Want("sent meanwhile")
			}
			over := time.Now().Add(6 * time.Second)
			harness.Together(clients, func(_ int, c *harness.Client) {
				for time.Now().Before(over) {
					c.Ask("y")
					time.Sleep(100 * time.Millisecond)
				}
			})
			if n := s.Log.Count("client left"); n != 0 {
				t.Errorf("%d clients have left", n)
			}
		})
	}
}

// A message has a time of its own, whatever comes of it meanwhile.
func TestAMessageHasToEndInTime(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[server]\nmessage_timeout = \"1s\"\n"})
	headers := []string{"Cookie: a=b", "User-Agent: tests"}
	f := harness.Text("a message that takes long")
	for name, send := range map[string]func(p *harness.Peer, stop <-chan struct{}){
		"byte by byte": func(p *harness.Peer, stop <-chan struct{}) {
			for _, b := range f.Append(nil) {
				_, _ = p.Conn.Write([]byte{b}) // the server may have ended it
				pause(stop)
			}
		},
		"half of it":   func(p *harness.Peer, _ <-chan struct{}) { p.Write(f.Append(nil)[:12]) },
		"a part of it": func(p *harness.Peer, _ <-chan struct{}) { p.Send(f.Part()) },
		"fragments, pings": func(p *harness.Peer, stop <-chan struct{}) {
			p.Send(f.Part())
			for range 30 {
				_, _ = p.Conn.Write(harness.AppendAll(nil, []harness.Frame{harness.Ping("x"), harness.Rest("more").Part()}))
				pause(stop)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.In(t).Peer(headers...)
			stop, sent := make(chan struct{}), make(chan struct{})
			go func() { defer close(sent); send(p, stop) }()
			got := p.Next()
			for got.Op == harness.OpPong {
				got = p.Next()
			}
			close(stop)
			if want := harness.Closing(1008, "message took too long"); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
			<-sent
			p.Conn.Close()
		})
	}
	t.Run("messages that follow each other", func(t *testing.T) {
		t.Parallel()
		p := s.In(t).Peer(headers...)
		all := harness.AppendAll(nil, []harness.Frame{f, f, f, f, f, f, f, f})
		for len(all) > 0 { // ends of messages and beginnings of others in one piece
			n := min(len(all), 20)
			p.Write(all[:n])
			all = all[n:]
			time.Sleep(150 * time.Millisecond)
		}
		p.Want(f, f, f, f, f, f, f, f)
	})
}

// pause waits for a moment, or until there is nothing to wait for.
func pause(stop <-chan struct{}) {
	select {
	case <-stop:
	case <-time.After(150 * time.Millisecond):
	}
}
