package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"
)

// loadLoop drives many clients on one thread by epoll(7). An echo costs it about a third less CPU time than a goroutine for each client, which takes
// as much as a server that only echoes: on a machine with few processors the load would be half of what is measured.
type loadLoop struct {
	epoll   int
	clients []*loopClient
}

// job is what a loop's first clients do: each asks, waits for the answer, and asks again.
type job struct {
	clients int
	length  time.Duration // no client asks again after that
	events  int           // if not 0, they ask so many times in all, however long it takes
	ask     func(i int) exchange
}

// newLoadLoop takes the sockets of WebSockets that have nothing to read yet. The caller closes the loop.
func newLoadLoop(conns []*websocket.Conn) (*loadLoop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		hangUp(conns)
		return nil, err
	}
	l := &loadLoop{epoll: epoll}
	for i, conn := range conns {
		fd, dupErr := takeSocket(conn.NetConn())
		if err = errors.Join(err, dupErr); err != nil {
			continue
		}
		l.clients = append(l.clients, &loopClient{fd: fd})
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)})
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// takeSocket returns a descriptor of conn's socket and closes conn, after which the Go runtime no longer looks at the socket.
func takeSocket(conn net.Conn) (fd int, err error) {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, errors.Join(err, conn.Close())
	}
	var dupErr error
	err = raw.Control(func(own uintptr) { fd, dupErr = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) })
	return fd, errors.Join(err, dupErr, conn.Close())
}

func (l *loadLoop) close() (err error) {
	for _, c := range l.clients {
		err = errors.Join(err, unix.Close(c.fd))
	}
	return errors.Join(err, unix.Close(l.epoll))
}

// drive returns how long each answer took, and all of them together. It returns when the last answer has come.
func (l *loadLoop) drive(ctx context.Context, j job) (latencies, time.Duration, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clients, began := l.clients[:j.clients], time.Now()
	for i, c := range clients {
		if err := c.begin(j.ask(i), began); err != nil {
			return nil, 0, err
		}
	}
	more := j.more(ctx, began)
	events := make([]unix.EpollEvent, len(clients))
	for waiting := len(clients); waiting > 0; {
		n, err := l.wait(events)
		if err != nil {
			return nil, 0, err
		}
		for _, event := range events[:n] {
			c := l.clients[event.Fd]
			if answered, err := c.read(); err != nil {
				return nil, 0, fmt.Errorf("client %d: %w", event.Fd, err)
			} else if !answered {
				continue
			}
			now := time.Now()
			c.took = append(c.took, now.Sub(c.asked))
			if !more(now) {
				waiting--
			} else if err := c.send(now); err != nil {
				return nil, 0, err
			}
		}
	}
	return collect(clients), time.Since(began), ctx.Err()
}

// more returns whether a client that has its answer asks again.
func (j job) more(ctx context.Context, began time.Time) func(now time.Time) bool {
	asked := j.clients
	return func(now time.Time) bool {
		asked++
		if j.events > 0 {
			return asked <= j.events && ctx.Err() == nil
		}
		return now.Sub(began) < j.length && ctx.Err() == nil
	}
}

func collect(clients []*loopClient) (all latencies) {
	for _, c := range clients {
		all = append(all, c.took)
	}
	return all
}

// wait returns how many clients have something to read.
func (l *loadLoop) wait(events []unix.EpollEvent) (int, error) {
	for {
		n, err := unix.EpollWait(l.epoll, events, int(patience.Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
		case err == nil && n == 0:
			return 0, fmt.Errorf("no answer in %v", patience)
		default:
			return n, err
		}
	}
}

// loopClient is one client of a loadLoop.
type loopClient struct {
	fd    int
	asks  exchange
	got   []byte
	have  int // of got
	asked time.Time
	took  []time.Duration
}

func (c *loopClient) begin(x exchange, now time.Time) error {
	const heads = 128 // of the frames of an answer
	c.asks, c.got, c.took = x, make([]byte, len(x.answer)+heads), nil
	return c.send(now)
}

func (c *loopClient) send(now time.Time) error {
	c.asked, c.have = now, 0
	for rest := c.asks.frame; ; {
		n, err := unix.Write(c.fd, rest)
		rest = rest[max(n, 0):]
		switch {
		case len(rest) == 0:
			return nil
		case errors.Is(err, unix.EAGAIN): // a server reads while it has nothing to write to this client
			_, err = unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}, int(patience.Milliseconds()))
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// read returns whether the whole answer is there.
func (c *loopClient) read() (bool, error) {
	n, err := unix.Read(c.fd, c.got[c.have:])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, err
	case n == 0:
		return false, errors.New("the server has hung up")
	}
	c.have += n
	answered, err := answers(c.got[:c.have], c.asks.answer)
	if err == nil && c.have == len(c.got) && !answered {
		err = errNoAnswer
	}
	if err != nil {
		err = fmt.Errorf("%w: got %.200q, want %.200q", err, c.got[:c.have], c.asks.answer)
	}
	return answered, err
}
