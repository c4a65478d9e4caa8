package fastcgi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/protocol"
)

// fake is a FastCGI server in Go, for what php-fpm seldom does.
type fake struct {
	address string
	open    atomic.Int32 // connections that the client has not closed
	most    atomic.Int32
	served  atomic.Int32
}

// serveFake answers each request on a connection with what answer returns. A connection ends after an empty answer.
func serveFake(t *testing.T, answer func(request int, params map[string]string) string) *fake {
	t.Helper()
	f := &fake{address: filepath.Join(t.TempDir(), "s")}
	listener, err := net.Listen("unix", f.address)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { f.serve(t, c, answer) })
		}
	})
	return f
}

func (f *fake) serve(t *testing.T, c net.Conn, answer func(int, map[string]string) string) {
	defer c.Close()
	open := f.open.Add(1)
	defer f.open.Add(-1)
	for most := f.most.Load(); open > most && !f.most.CompareAndSwap(most, open); most = f.most.Load() {
	}
	for n := 1; ; n++ {
		first := make([]byte, 1)
		if _, err := c.Read(first); err != nil {
			return
		}
		request := decodeRequest(t, io.MultiReader(strings.NewReader(string(first)), c))
		f.served.Add(1)
		wire := answer(n, decodePairs(t, request.params))
		if wire == "" {
			return
		}
		if _, err := io.WriteString(c, wire); err != nil {
			return
		}
	}
}

// doneWith returns an answer that ends event 1.
func doneWith(params map[string]string) string {
	return rec(typeStdout, "\r\n"+params["WSBRIDGE_TOKEN"]+` {"seq":1,"done":{"result":true}}`+"\n", 0) + end(0)
}

func (f *fake) client(t *testing.T, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{Network: "unix", Address: f.address, Script: "/s.php", EventsFile: "/e.php", Timeout: 20 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSlotsAreGivenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(&Config{MaxConnections: 1})
		if err := p.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var order []int
		for i := range 10 {
			go func() {
				if err := p.acquire(t.Context()); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				p.release()
			}()
			synctest.Wait()
		}
		p.release()
		synctest.Wait()
		if fmt.Sprint(order) != "[0 1 2 3 4 5 6 7 8 9]" {
			t.Errorf("got %v", order)
		}
		p.close()
	})
}

func TestWaitingForASlotEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(&Config{MaxConnections: 1})
		if err := p.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		late, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := p.acquire(late); !errors.Is(err, protocol.ErrOverloaded) {
			t.Errorf("deadline: got %v", err)
		}
		cause := errors.New("went away")
		gone, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if err := p.acquire(gone); !errors.Is(err, cause) || errors.Is(err, protocol.ErrOverloaded) {
			t.Errorf("cancel: got %v", err)
		}
		waiting := make(chan error, 1)
		go func() { waiting <- p.acquire(t.Context()) }()
		synctest.Wait()
		go p.close() // waits for the slot acquired above
		if err := <-waiting; !errors.Is(err, ErrClosed) || !errors.Is(err, protocol.ErrUnavailable) {
			t.Errorf("close: got %v", err)
		}
		p.release()
	})
}

func TestConnectionsAreBounded(t *testing.T) {
	f := serveFake(t, func(n int, params map[string]string) string { return doneWith(params) })
	c := f.client(t, func(cfg *Config) { cfg.MaxConnections = 3 })
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			for range 20 {
				if _, err := ask(t.Context(), c, nil, ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if most := f.most.Load(); most > 3 {
		t.Errorf("%d connections at a time", most)
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	f := serveFake(t, func(n int, params map[string]string) string { return doneWith(params) })
	c := f.client(t, func(cfg *Config) { cfg.IdleTimeout = 20 * time.Millisecond })
	for range 3 {
		if _, err := ask(t.Context(), c, nil, ""); err != nil {
			t.Fatal(err)
		}
		eventually(t, "no connection is left", func() bool { return f.open.Load() == 0 })
	}
}

func TestClosedIdleConnectionsAreNotHeldOnTo(t *testing.T) {
	f := serveFake(t, func(n int, params map[string]string) string { return doneWith(params) })
	c := f.client(t, func(cfg *Config) { cfg.IdleTimeout = time.Hour })
	if _, err := ask(t.Context(), c, nil, ""); err != nil {
		t.Fatal(err)
	}
	k := c.pool.popIdle(false)
	if err := k.Conn.(*net.UnixConn).CloseWrite(); err != nil { // the server closes its side
		t.Fatal(err)
	}
	c.pool.put(k)
	eventually(t, "the pool has closed it", func() bool {
		c.pool.mu.Lock()
		defer c.pool.mu.Unlock()
		return len(c.pool.idle) == 0
	})
}

func TestStaleConnectionsAreReplacedSilently(t *testing.T) {
	unasked := rec(typeStdout, "x", 0)
	for name, answer := range map[string]func(n int, params map[string]string) string{
		"closed": func(n int, params map[string]string) string { return doneWith(params) },
		"unasked bytes": func(n int, params map[string]string) string {
			return doneWith(params) + unasked
		},
	} {
		f := serveFake(t, answer)
		c := f.client(t)
		for range 10 {
			if _, err := ask(t.Context(), c, nil, ""); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if name == "closed" {
				k := c.pool.popIdle(false)
				if err := k.raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RDWR) }); err != nil {
					t.Fatal(err)
				}
				c.pool.put(k)
			}
		}
		if f.served.Load() != 10 {
			t.Errorf("%s: %d requests served", name, f.served.Load())
		}
	}
}

func TestAConnectionThatTakesNoByteIsReplaced(t *testing.T) {
	f := serveFake(t, func(n int, params map[string]string) string { return doneWith(params) })
	c := f.client(t)
	if _, err := ask(t.Context(), c, nil, ""); err != nil {
		t.Fatal(err)
	}
	k := c.pool.popIdle(false)
	if err := k.raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) }); err != nil {
		t.Fatal(err)
	}
	k.request.encode(nil, nil, nil)
	var unread *unreadRequestError
	if err := k.send(); !errors.As(err, &unread) || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("got %v", err)
	}
	k.Close()
}

func TestARequestThatAServerTookIsNotSentAgain(t *testing.T) {
	f := serveFake(t, func(n int, params map[string]string) string {
		if n == 1 {
			return doneWith(params)
		}
		return "" // took the second request of each connection, and died
	})
	c := f.client(t)
	for i := range int32(10) {
		_, err := ask(t.Context(), c, nil, "")
		if want := i%2 == 1; errors.Is(err, protocol.ErrCutOff) != want || f.served.Load() != i+1 {
			t.Errorf("request %d: got %v, %d served", i, err, f.served.Load())
		}
	}
}

func TestRefusalsOfTheServer(t *testing.T) {
	half := func(params map[string]string) string {
		return rec(typeStdout, "\r\n"+params["WSBRIDGE_TOKEN"]+` {"seq":1,"log":{"message":"x"}}`+"\n", 0)
	}
	for name, test := range map[string]struct {
		answer func(map[string]string) string
		want   error
	}{
		"overloaded":          {func(map[string]string) string { return end(2) }, protocol.ErrOverloaded},
		"overloaded too late": {func(p map[string]string) string { return half(p) + end(2) }, protocol.ErrMalformed},
		"cannot multiplex":    {func(map[string]string) string { return end(1) }, protocol.ErrMalformed},
		"no header section":   {func(map[string]string) string { return rec(typeStdout, "abc", 0) + end(0) }, protocol.ErrMalformed},
		"no output":           {func(map[string]string) string { return end(0) }, protocol.ErrMalformed},
		"cut in an effect": {func(p map[string]string) string {
			return rec(typeStdout, "\r\n"+p["WSBRIDGE_TOKEN"]+` {"seq":1,"send":{"to":"open","length":9}}`+"\nabc", 0) + end(0)
		}, protocol.ErrCutOff},
		"not fastcgi": {func(map[string]string) string { return "HTTP/1.1 400 Bad Request\r\n\r\n" }, protocol.ErrMalformed},
	} {
		f := serveFake(t, func(_ int, params map[string]string) string { return test.answer(params) })
		c := f.client(t)
		if _, err := ask(t.Context(), c, nil, ""); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v", name, err)
		}
		eventually(t, name+": the connection is closed", func() bool { return f.open.Load() == 0 })
	}
}

func TestDialFailures(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	fillBacklog(t, full)
	dead := filepath.Join(dir, "dead")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	listener.Close()
	for path, want := range map[string]error{
		filepath.Join(dir, "missing"): protocol.ErrUnavailable,
		dead:                          protocol.ErrUnavailable,
		full:                          protocol.ErrOverloaded,
	} {
		c := (&fake{address: path}).client(t)
		if _, err := ask(t.Context(), c, nil, ""); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
}

// fillBacklog listens at path and fills the backlog with connections that are never accepted.
func fillBacklog(t *testing.T, path string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: path}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	for {
		c, err := net.Dial("unix", path)
		if errors.Is(err, syscall.EAGAIN) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
}

func TestCloseWaitsForRunningExchanges(t *testing.T) {
	release := make(chan struct{})
	f := serveFake(t, func(n int, params map[string]string) string {
		<-release
		return doneWith(params)
	})
	c := f.client(t)
	result := make(chan error, 1)
	go func() {
		_, err := ask(t.Context(), c, nil, "")
		result <- err
	}()
	eventually(t, "the request arrives", func() bool { return f.served.Load() == 1 })
	closed := make(chan struct{})
	go func() {
		c.Close()
		close(closed)
	}()
	eventually(t, "the client refuses", func() bool {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := ask(ctx, c, nil, "")
		return errors.Is(err, ErrClosed)
	})
	select {
	case <-closed:
		t.Error("closed before the exchange ended")
	default:
	}
	close(release)
	if err := <-result; err != nil {
		t.Error(err)
	}
	<-closed
	c.Close() // once more does no harm
	eventually(t, "no connection is left", func() bool { return f.open.Load() == 0 })
}

// A worker that holds an idle connection accepts no other, so a connection that waits for a worker has the idle one closed.
func TestIdleConnectionsGiveWay(t *testing.T) {
	s := newSite(t)
	f := s.foreign(t, "pm.max_children = 1")
	c := f.client(t, func(cfg *Config) { cfg.IdleTimeout = time.Hour })
	mustAsk(t, c, "echo:a")
	k := c.pool.popIdle(false) // so that the next event gets a new connection
	got := make(chan error, 1)
	go func() {
		_, err := ask(t.Context(), c, nil, "echo:b")
		got <- err
	}()
	eventually(t, "the event has a connection of its own", func() bool { return len(c.pool.slots) == 1 })
	c.pool.put(k)
	if err := <-got; err != nil {
		t.Error(err)
	}
}
