package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// How long Redis may take for a connection, and to answer what is not a wait. One that is frozen is noticed by a ping that takes longer.
const dialTimeout, answerTimeout = 2 * time.Second, 3 * time.Second

// connection makes the client library's client when it is first needed, so that Redis may be away at start, and closes every socket when
// it is closed: the library leaves those of blocked reads to the server.
type connection struct {
	address Address
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	making  chan struct{} // has an entry while nobody makes the client

	mu     sync.Mutex
	client rueidis.Client
	closed bool
	open   map[net.Conn]struct{}
}

func newConnection(a Address) *connection {
	c := &connection{address: a, making: make(chan struct{}, 1), open: map[net.Conn]struct{}{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.making <- struct{}{}
	return c
}

// get returns the client, and makes it if there is none. It waits for Redis at most until ctx ends.
func (c *connection) get(ctx context.Context) (rueidis.Client, error) {
	select {
	case <-c.making:
		defer func() { c.making <- struct{}{} }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.ctx.Done():
		return nil, ErrClosed
	}
	if client, err := c.made(); client != nil || err != nil {
		return client, err
	}
	stop := context.AfterFunc(ctx, c.hangUp) // the library has no other way to end an attempt
	defer stop()
	client, err := rueidis.NewClient(c.options())
	if err != nil {
		if client != nil {
			client.Close()
		}
		return nil, err
	}
	return client, c.keep(client)
}

func (c *connection) made() (rueidis.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	return c.client, nil
}

func (c *connection) keep(client rueidis.Client) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		client.Close()
		return ErrClosed
	}
	c.client = client
	return nil
}

func (c *connection) options() rueidis.ClientOption {
	a := c.address
	o := rueidis.ClientOption{
		InitAddress: a.Hosts, Username: a.User, Password: a.Password, SelectDB: a.Database, TLSConfig: a.TLS,
		DialCtxFn:          c.dial,
		Dialer:             net.Dialer{Timeout: dialTimeout},
		ConnWriteTimeout:   answerTimeout,
		DisableRetry:       true, // a command is sent again only by those who know what that means
		DisableCache:       true,
		PipelineMultiplex:  -1, // one connection: appends and beats are few, and go in order
		BlockingPoolSize:   4,
		RingScaleEachConn:  8,
		ReadBufferEachConn: 64 << 10, WriteBufferEachConn: 64 << 10,
		ClientSetInfo: []string{"wsbridge", "1"},
	}
	if a.Master == "" {
		o.ForceSingleClient = true
		return o
	}
	o.Sentinel = rueidis.SentinelOption{
		Dialer: o.Dialer, TLSConfig: a.TLS, MasterSet: a.Master, Username: a.SentinelUser, Password: a.SentinelPassword,
		TopologyRefreshInterval: 5 * time.Second, // otherwise one message missed ties it to the old master for good
	}
	return o
}

// dial opens a connection that Close closes.
func (c *connection) dial(ctx context.Context, address string, dialer *net.Dialer, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	network := "tcp"
	if c.address.Unix {
		network = "unix"
	}
	var conn net.Conn
	var err error
	if config == nil {
		conn, err = dialer.DialContext(ctx, network, address)
	} else {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, network, address)
	}
	if err != nil {
		return nil, err
	}
	return c.track(conn)
}

// trackedConn forgets itself when it is closed.
type trackedConn struct {
	net.Conn
	forget func()
}

func (t *trackedConn) Close() error {
	t.forget()
	return t.Conn.Close()
}

func (c *connection) track(conn net.Conn) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fmt.Errorf("%w: %w", ErrClosed, conn.Close())
	}
	c.open[conn] = struct{}{}
	return &trackedConn{conn, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.open, conn)
	}}, nil
}

// hangUp closes the sockets, and the client that is there.
func (c *connection) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		_ = conn.Close()
	}
}

// Close closes the client and every socket. What waits for an answer gets an error.
func (c *connection) Close() {
	c.cancel()
	c.mu.Lock()
	client := c.client
	c.closed, c.client = true, nil
	c.mu.Unlock()
	c.hangUp()
	if client != nil {
		client.Close()
	}
}
