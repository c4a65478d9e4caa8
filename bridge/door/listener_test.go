package door

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// patience bounds every wait for something that must happen.
const patience = 2 * time.Minute

// entrance is a Listener on a port of its own, and what it reports.
type entrance struct {
	*Listener
	t      *testing.T
	policy Policy

	mu       sync.Mutex // guards the fields below
	rejected []string   // limits
	refused  []outcome.Refusal
}

func listen(t *testing.T, limits Limits, policy Policy) *entrance {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &entrance{t: t, policy: policy}
	e.Listener = Listen(l, Config{
		Policy: func() *Policy { return &e.policy }, Limiter: NewLimiter(limits),
		HandshakeTimeout: patience, MaxHeader: 32 << 10, Rejected: e.reject, Refused: e.refuse,
	})
	t.Cleanup(func() {
		e.Close()
		e.Wait()
	})
	return e
}

func (e *entrance) reject(limit, _ string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rejected = append(e.rejected, limit)
}

func (e *entrance) refuse(why outcome.Refusal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refused = append(e.refused, why)
}

// reports returns how many were turned away for which limits, and answered how.
func (e *entrance) reports() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return fmt.Sprint(e.rejected, e.refused)
}

// dial returns a client's connection.
func (e *entrance) dial() net.Conn {
	e.t.Helper()
	conn, err := net.Dial("tcp", e.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// accept returns the next connection that comes in.
func (e *entrance) accept() *Conn {
	e.t.Helper()
	conn, err := e.Accept()
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { conn.Close() })
	return conn.(*Conn)
}

// trusting is the policy of a server whose proxies, at 127.0.0.1, speak the PROXY protocol.
func trusting(t *testing.T) Policy {
	t.Helper()
	proxies, err := admission.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return Policy{Proxies: proxies, ProxyProtocol: true}
}

// Clients that take their time to go hold up neither others nor the end.
func TestMoreRejectionsThanAreAnswered(t *testing.T) {
	e := listen(t, Limits{Connections: 1}, Policy{})
	e.dial()
	e.accept()
	accepted := make(chan error, 1)
	go func() {
		_, err := e.Accept()
		accepted <- err
	}()
	answered := 0
	for range 2 * maxRejections {
		response, err := http.ReadResponse(bufio.NewReader(e.dial()), nil) // it says nothing, and stays
		if err == nil && response.StatusCode == http.StatusServiceUnavailable {
			answered++
		}
	}
	if answered < maxRejections {
		t.Errorf("%d were answered, want %d at least", answered, maxRejections)
	}
	e.Close()
	<-accepted
	began := time.Now()
	e.Wait()
	if took := time.Since(began); took > patience {
		t.Errorf("the end took %v", took)
	}
	if n := len(e.rejecting); n != 0 {
		t.Errorf("%d rejections are left", n)
	}
}

func TestRejectedClientIsAnsweredBeforeItsRequestIsRead(t *testing.T) {
	for want, limits := range map[string]Limits{
		"[max_connections] [busy]":                {Connections: 1},
		"[max_connections_per_address] [crowded]": {PerAddress: 1},
		"[handshake_rate] [busy]":                 {Rate: 1, Burst: 1},
		"[handshake_rate_per_address] [crowded]":  {RatePerAddress: 1, BurstPerAddress: 1},
	} {
		e := listen(t, limits, Policy{})
		e.dial()
		e.accept()
		rejected := e.dial()
		go e.Accept()
		response, err := http.ReadResponse(bufio.NewReader(rejected), nil)
		if err != nil || response.Header.Get("Retry-After") == "" {
			t.Errorf("want %s: got %v, %v", want, response, err)
		}
		if got := e.reports(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestProxyHeaderTellsTheAddress(t *testing.T) {
	for header, want := range map[string]string{
		"PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n": "203.0.113.7:4711",
		"PROXY UNKNOWN\r\n":                            "",
	} {
		e := listen(t, Limits{}, trusting(t))
		client := e.dial()
		fmt.Fprint(client, header, "rest")
		client.(*net.TCPConn).CloseWrite()
		conn := e.accept()
		if err := conn.Identify(); err != nil {
			t.Errorf("%q: %v", header, err)
		}
		if want == "" {
			want = client.LocalAddr().String()
		}
		got, err := io.ReadAll(conn)
		if err != nil || string(got) != "rest" || conn.RemoteAddr().String() != want {
			t.Errorf("%q: got %q from %v, %v", header, got, conn.RemoteAddr(), err)
		}
		if conn.header.rest != nil {
			t.Errorf("%q: what was read after the header is kept", header)
		}
	}
}

func TestConnectionsOfProxiesWithoutAHeaderEnd(t *testing.T) {
	for bytes, want := range map[string]string{"": "[] []", "GET / HTTP/1.1\r\n\r\n": "[proxy_protocol] []"} {
		e := listen(t, Limits{}, trusting(t))
		client := e.dial()
		fmt.Fprint(client, bytes)
		client.(*net.TCPConn).CloseWrite()
		if _, err := e.accept().Read(make([]byte, 1)); err == nil {
			t.Errorf("%q was taken for a header", bytes)
		}
		if got := e.reports(); got != want {
			t.Errorf("%q: got %s, want %s", bytes, got, want)
		}
	}
}

func TestClientOfAProxyIsOverItsOwnLimit(t *testing.T) {
	e := listen(t, Limits{PerAddress: 1}, trusting(t))
	for i, want := range []string{"[] []", "[max_connections_per_address] [crowded]"} {
		client := e.dial()
		fmt.Fprint(client, "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n")
		client.(*net.TCPConn).CloseWrite()
		if err := e.accept().Identify(); (err == nil) != (i == 0) || e.reports() != want {
			t.Errorf("client %d: got %v, %s", i, err, e.reports())
		}
	}
}
