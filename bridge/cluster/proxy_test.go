package cluster

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy is the network between machines and Redis, which can be cut.
type proxy struct {
	to       *server
	listener net.Listener
	cuts     atomic.Int64
	cutNext  atomic.Bool // cuts when the server answers the next time
	isDown   atomic.Bool // what is sent goes nowhere, without a word, and new connections hang
	owned    sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func startProxy(tb testing.TB, to *server) *proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{to: to, listener: l, conns: map[net.Conn]struct{}{}}
	p.owned.Go(p.serve)
	tb.Cleanup(func() {
		_ = l.Close()
		p.reset()
		p.owned.Wait()
	})
	return p
}

func (p *proxy) url() string { return fmt.Sprintf("redis://%s", p.listener.Addr()) }

func (p *proxy) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// cutAnswer closes the connection instead of the server's next answer.
func (p *proxy) cutAnswer() { p.cutNext.Store(true) }

// down makes the network a hole, up mends it: what was sent into it is lost, so the connections are reset.
func (p *proxy) down() { p.isDown.Store(true) }

func (p *proxy) up() {
	p.isDown.Store(false)
	p.reset()
}

func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		network, address := p.to.network()
		server, err := net.Dial(network, address)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = struct{}{}, struct{}{}
		p.mu.Unlock()
		p.owned.Go(func() { p.copy(server, client, false) })
		p.owned.Go(func() { p.copy(client, server, true) })
	}
}

func (p *proxy) copy(to io.WriteCloser, from io.ReadCloser, isAnswer bool) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if isAnswer && p.cutNext.CompareAndSwap(true, false) {
			p.cuts.Add(1)
			return
		}
		if p.isDown.Load() {
			continue
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}
