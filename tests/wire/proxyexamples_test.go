package wire

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The examples' timeouts are made that short, and pings come so often that idle connections outlive them, or hardly ever.
const (
	shortTimeout  = 4 * time.Second
	oftenPinging  = "ping_interval = \"500ms\"\n"
	hardlyPinging = "ping_interval = \"1h\"\npong_timeout = \"2h\"\n"
)

var examples = map[string]proxy{"nginx": nginx, "haproxy": haproxy, "apache": apache, "caddy": caddy, "lighttpd": lighttpd,
	"hitch": hitch, "stunnel": stunnel}

// All proxies run at the same time, so that the waits for their timeouts are one wait.
func TestExamplesForProxies(t *testing.T) {
	t.Parallel()
	pinging, silent := newBackends(t, oftenPinging), newBackends(t, hardlyPinging)
	all := map[string]*example{}
	for name, p := range examples {
		e := &example{visit: pinging.behind(p, len(all))}
		e.beIdle()
		if p.timeouts != nil {
			e.beQuiet(silent.behind(p, len(all)))
		}
		all[name] = e
	}
	for name, e := range all {
		t.Run(name, func(t *testing.T) {
			for what, do := range visits {
				t.Run(what, func(t *testing.T) { do(e.in(t)) })
			}
			t.Run("idle", e.wantsIdle)
			t.Run("quiet", e.wantsQuiet)
		})
	}
	open := map[string]*harness.Peer{}
	for name, e := range all {
		open[name], _ = e.open()
	}
	pinging.stop()
	for name, c := range open {
		t.Run(name+"/the server ends", func(t *testing.T) {
			c.T = t
			wantClosing(c, 1001, "server shutting down")
		})
	}
}

// backends are servers for proxies that tell of their clients by headers, and by the PROXY protocol.
type backends struct {
	certificate       harness.Certificate
	headers, protocol *harness.Server
}

func newBackends(t testing.TB, toml string) backends {
	t.Helper()
	return backends{harness.NewCertificate(t, "x"),
		harness.Serve(t, harness.App{Handlers: exchanging, TOML: trusting + toml}),
		harness.Serve(t, harness.App{Handlers: exchanging, TOML: trusting + toml + "proxy_protocol = true\n"})}
}

// behind starts a proxy. Its clients have an address of their own, which is not the proxy's.
func (b backends) behind(p proxy, i int) visit {
	front := *b.headers
	if p.proxyProtocol {
		front = *b.protocol
	}
	front.T.Helper()
	front.Address, front.Trust = p.start(front.T, front.Address, b.certificate), harness.Trust(b.certificate)
	return visit{&front, p, fmt.Sprintf("127.0.0.%d", 10+i)}
}

func (b backends) stop() {
	b.headers.Signal(syscall.SIGTERM)
	b.protocol.Signal(syscall.SIGTERM)
}

// example is a proxy that runs, with connections that are left alone.
type example struct {
	visit
	idle  chan error // what was wrong with a connection with pings only; closed at its end
	quiet chan error // what was wrong with the end of a connection without pings; nil: it never ends
}

// beIdle opens a connection on which only pings and their answers pass, for longer than the proxy waits, and then a message.
func (e *example) beIdle() {
	c, _ := e.open()
	e.idle = make(chan error, 1)
	go func() {
		since := time.Now()
		if err := idle(c, 2*shortTimeout); err != nil {
			e.idle <- fmt.Errorf("after %s: %w", time.Since(since), err)
		}
		close(e.idle)
	}()
}

func idle(c *harness.Peer, during time.Duration) error {
	still := harness.Text("still here")
	for since, sent := time.Now(), false; ; {
		f, err := c.ReadFrame()
		switch {
		case err != nil:
			return err
		case sent && f == still:
			return c.Conn.Close()
		case f.Op != harness.OpPing:
			return fmt.Errorf("got %v", f)
		}
		answer := harness.Pong(f.Payload).Append(nil)
		if !sent && time.Since(since) > during {
			answer, sent = still.Append(answer), true
		}
		if _, err := c.Conn.Write(answer); err != nil {
			return err
		}
	}
}

func (e *example) wantsIdle(t *testing.T) {
	if err := <-e.idle; err != nil {
		t.Error(err)
	}
}

// beQuiet opens a connection on which nothing passes.
func (e *example) beQuiet(v visit) {
	c, _ := v.open()
	e.quiet = make(chan error, 1)
	began := time.Now()
	go func() {
		var never net.Error
		switch err := c.Discard(); {
		case errors.As(err, &never) && never.Timeout():
			e.quiet <- errors.New("it never ends")
		case time.Since(began) < shortTimeout/2:
			e.quiet <- fmt.Errorf("it ended after %s: %v", time.Since(began), err)
		default:
			e.quiet <- nil
		}
	}()
}

// wantsQuiet shows that the timeouts that were made short are the ones that count.
func (e *example) wantsQuiet(t *testing.T) {
	if e.quiet == nil {
		return
	}
	if err := <-e.quiet; err != nil {
		t.Error(err)
	}
}
