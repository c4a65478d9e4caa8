package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Bounds of what an attack may do. The race detector makes of each byte five to ten, and the machine may be busy.
const (
	mostGrowth = 96 << 20         // of the server's memory at its peak
	mostStall  = 10 * time.Second // of somebody else's message
)

// soon is when kept connections to php-fpm are closed, which are descriptors, too.
const soon = "php.idle_timeout = \"300ms\"\n"

// vitals are what the kernel knows of the server.
type vitals struct {
	files int // descriptors
	peak  int // bytes of memory
}

func (s *server) vitals(t *testing.T) vitals {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", s.cmd.Process.Pid)
	files, err := os.ReadDir(proc + "fd")
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(peak)[0])
	if err != nil {
		t.Fatal(err)
	}
	return vitals{len(files), kilobytes << 10}
}

// forgetPeak lets the peak of memory begin anew, at what is used now (proc(5), clear_refs).
func (s *server) forgetPeak(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for a condition that nothing announces.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("did not happen: %s", what)
		}
	}
}

// survives runs an attack while somebody else talks with the server. Afterwards no descriptor is left of it, memory was bounded
// all the time, and the other was never kept waiting. That no goroutine is left shows when the server drains: it waits for them.
func (s *server) survives(t *testing.T, attack func(t *testing.T)) {
	t.Helper()
	s.forgetPeak(t)
	before := s.vitals(t)
	over, quiet := make(chan struct{}), make(chan time.Duration, 1)
	witness := s.connect(t)
	go func() { quiet <- witness.talk(over) }()
	attack(t)
	close(over)
	if stall := <-quiet; stall < 0 || stall > mostStall {
		t.Errorf("somebody else waited for %v", stall)
	}
	eventually(t, fmt.Sprintf("%d descriptors, as before", before.files), func() bool { return s.vitals(t).files <= before.files })
	if after := s.vitals(t); after.peak-before.peak > mostGrowth {
		t.Errorf("memory grew by %d MiB", (after.peak-before.peak)>>20)
	}
}

// talk sends messages one by one until over, and returns the longest wait for an answer; it is negative if one did not come.
func (p *peer) talk(over <-chan struct{}) (longest time.Duration) {
	defer p.conn.Close()
	for n := 0; ; n++ {
		select {
		case <-over:
			return longest
		default:
		}
		began := time.Now()
		_ = p.conn.SetDeadline(began.Add(patience))
		want := text(fmt.Sprint("message ", n))
		if _, err := p.conn.Write(want.append(nil)); err != nil {
			return -1
		}
		for {
			got, err := readFrame(p.r)
			if err == nil && got == want {
				break
			}
			if err != nil || got.op != opPing {
				return -1
			}
			_, _ = p.conn.Write(pong(got.payload).append(nil)) // else the next write fails
		}
		longest = max(longest, time.Since(began))
	}
}

// discard reads whatever comes until the connection ends.
func (p *peer) discard() {
	for {
		if _, err := p.r.Discard(1); err != nil {
			return
		}
	}
}

// crowd runs f for that many clients side by side.
func (s *server) crowd(t *testing.T, n int, f func(p *peer)) {
	t.Helper()
	var group sync.WaitGroup
	for range n {
		p := s.connect(t, offer)
		group.Go(func() {
			defer p.conn.Close()
			f(p)
		})
	}
	group.Wait()
}

// flood writes the same bytes over and over, until it is done or the server has had enough.
func (p *peer) flood(b []byte, times int) {
	batch := slices.Repeat(b, 100)
	for range times / 100 {
		if _, err := p.conn.Write(batch); err != nil {
			return
		}
	}
}

func TestFloods(t *testing.T) {
	s := serve(t, echo(t), soon+compression+"server.max_message = \"1MiB\"\nserver.control_rate = 0\n") // what a limit would spare it
	const clients = 6
	announced := append(text("").appendHead(nil, 2<<30, shortest, true), 1, 2, 3, 4)
	bomb := compressed(text(strings.Repeat("\x00", 16<<20))).append(nil)
	for name, attack := range map[string]func(p *peer){
		"2 GiB are announced, and sent": func(p *peer) {
			p.write(announced)
			go p.flood(make([]byte, 1000), 100_000)
			p.closes(1009)
		},
		"tiny messages that nobody reads": func(p *peer) { p.flood(text("x").append(nil), 1000) },
		"tiny binary messages, read": func(p *peer) {
			go p.flood(bin("x").append(nil), 500)
			for range 500 {
				p.want(bin("x"))
			}
		},
		"tiny fragments": func(p *peer) {
			p.send(text("").part())
			p.flood(rest("x").part().append(nil), 20_000)
			p.send(rest(""))
			if got := p.inflated(); got != text(strings.Repeat("x", 20_000)) {
				p.t.Errorf("got %v", got)
			}
		},
		"empty fragments": func(p *peer) {
			p.send(text("x").part())
			p.flood(rest("").part().append(nil), 50_000)
			p.send(rest(""))
			p.want(text("x"))
		},
		"pings that are answered": func(p *peer) {
			go func() {
				p.flood(ping("ping").append(nil), 20_000)
				_, _ = p.conn.Write(text("over").append(nil)) // else want fails
			}()
			for f := p.next(); f != text("over"); f = p.next() {
				if f != pong("ping") {
					p.t.Errorf("got %v", f)
					return
				}
			}
		},
		"pings whose answers nobody reads": func(p *peer) { p.flood(ping(strings.Repeat("x", 125)).append(nil), 20_000) },
		"pongs":                            func(p *peer) { p.flood(pong("x").append(nil), 10_000); p.bye() },
		"compression bombs": func(p *peer) {
			p.write(bomb)
			p.closes(1009)
		},
		"compressed emptiness": func(p *peer) { // blocks that nothing comes out of
			b := frame{op: opText, rsv: rsv1}.appendHead(nil, 1<<20, shortest, true)
			p.write(append(b, 0, 0, 0, 0))
			p.flood([]byte("\x00\x00\x00\xff\xff"), 100_000)
		},
		"frames that are wrong": func(p *peer) {
			go p.flood(frame{op: 3}.append(nil), 100_000)
			p.closes(1002)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.survives(t, func(t *testing.T) { s.crowd(t, clients, attack) })
		})
	}
}

func TestTextThatIsWrongInEveryPosition(t *testing.T) {
	s := serve(t, echo(t), soon)
	const length = 140 // over what a short header holds
	s.survives(t, func(t *testing.T) {
		for at := range length {
			p := s.connect(t)
			b := []byte(strings.Repeat("x", length))
			b[at] = 0xff
			p.send(text(string(b)))
			p.closes(1007)
		}
	})
}

// TestSlowLorisInMidFrame sends a frame bytewise, for as long as it is let.
func TestSlowLorisInMidFrame(t *testing.T) {
	s := serve(t, echo(t), soon+"server.ping_interval = \"500ms\"\nserver.pong_timeout = \"1500ms\"\n")
	long, control := text(strings.Repeat("x", 70_000)).append(nil), ping(strings.Repeat("x", 100)).append(nil)
	for name, row := range map[string]struct {
		bytes []byte
		begin int // of them are written at once
	}{
		"in the header":      {long, 1},
		"in the payload":     {long, 20},
		"in a control frame": {control, 10},
		"between fragments":  {text("x").part().append(nil), 7},
	} {
		t.Run(name, func(t *testing.T) {
			s.survives(t, func(t *testing.T) {
				s.crowd(t, 10, func(p *peer) { p.drip(row.bytes, row.begin) })
			})
		})
	}
}

// drip writes b, all but its beginning bytewise, and returns when the server has ended the connection. It answers no ping.
func (p *peer) drip(b []byte, begin int) {
	ended := make(chan struct{})
	go func() { defer close(ended); p.discard() }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	p.write(b[:begin])
	for i := begin; ; i++ {
		select {
		case <-tick.C:
		case <-ended:
			return
		}
		if i < len(b) {
			_, _ = p.conn.Write(b[i : i+1]) // it may have ended this moment
		}
	}
}

// seen tells what PHP has of the handshake, and is echo otherwise.
const seen = `<?php
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,$msg=="what do you see?" ? json_encode($_SERVER) : $msg);
}
`

func TestHeadersThatAttackTheApplication(t *testing.T) {
	s := serve(t, seen, soon)
	s.survives(t, func(t *testing.T) {
		p, response := s.handshake(t, "Proxy: http://evil.example", "Cookie: a=b%0d%0aX-Evil: 1", "User-Agent: a%00b",
			"Sec-WebSocket-Protocol: chat, superchat", "Script-Filename: /etc/passwd", "Wsbridge-Contract: 9")
		if response.StatusCode != 101 || response.Header.Get("Sec-WebSocket-Protocol") != "" || len(response.Cookies()) > 0 {
			t.Fatalf("got %s, %v", response.Status, response.Header)
		}
		p.send(text("what do you see?"))
		var env map[string]any
		if err := json.Unmarshal([]byte(p.next().payload), &env); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]any{
			"HTTP_PROXY": nil, "HTTP_X_EVIL": nil, "HTTP_COOKIE": "a=b%0d%0aX-Evil: 1", "HTTP_USER_AGENT": "a%00b", "REQUEST_URI": "/",
		} {
			if env[name] != want {
				t.Errorf("%s is %v, want %v", name, env[name], want)
			}
		}
		if file, _ := env["SCRIPT_FILENAME"].(string); !strings.HasSuffix(file, ".php") {
			t.Errorf("SCRIPT_FILENAME is %q", file)
		}
		p.bye()
	})
}

func TestBytesThatNoHandshakeMayHave(t *testing.T) {
	s := serve(t, echo(t), soon)
	s.survives(t, func(t *testing.T) {
		for _, bad := range []string{"\x00", "\r", "\n", "\x01", "\x7f"} {
			for _, line := range []string{
				"GET /" + bad + " HTTP/1.1\r\nHost: h",
				"GET / HTTP/1.1\r\nHost: h" + bad + "x",
				"GET / HTTP/1.1\r\nHost: h\r\nCookie: a=" + bad + "b",
				"GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: a" + bad + "b",
				"GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Protocol: a" + bad + "b",
			} {
				if status := s.status(t, line); status != 400 {
					t.Errorf("%q: got %d", line, status)
				}
			}
		}
	})
}

// status is the answer's to a handshake that begins with head, 0 if there is none.
func (s *server) status(t *testing.T, head string) (status int) {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(conn, head, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	line, _ := bufio.NewReader(conn).ReadString('\n') // none: 0
	_, _ = fmt.Sscanf(line, "HTTP/1.1 %d", &status)
	return status
}
