package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/handover"
)

// tellAhead sends the clients' sockets and rows while everything goes on here, so that only what changes from now on is sent while clients are held.
// It blocks until the other process has taken them in.
func (s *server) tellAhead(ctx context.Context, c *handover.Channel) (*bridge.Ahead, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, moveTime, fmt.Errorf("the other process does not take in the clients within %v", moveTime))
	defer cancel()
	ahead := s.bridge.Ahead()
	for some := ahead.Next(handover.MaxFiles); len(some) > 0; some = ahead.Next(handover.MaxFiles) {
		if err := sendAhead(ctx, c, ahead, some); err != nil {
			return nil, err
		}
	}
	state := &parts{send: func(part []byte) error { return c.Send(ctx, handover.Message{Name: msgBefore, Body: part}) }}
	err := ahead.State().Encode(state)
	if err == nil {
		err = state.flush()
	}
	if err == nil {
		err = c.Send(ctx, handover.Message{Name: msgAdopt})
	}
	if err == nil {
		err = expect(ctx, c, msgAdopted)
	}
	return ahead, err
}

// sendAhead leaves out clients that leave meanwhile.
func sendAhead(ctx context.Context, c *handover.Channel, ahead *bridge.Ahead, some []bridge.Moving) error {
	m := handover.Message{Name: msgAhead}
	there := some[:0]
	for _, client := range some {
		if d, err := duplicate(&client); err == nil {
			defer d.close()
			m.Files, there = append(m.Files, d), append(there, client)
		}
	}
	var err error
	if m.Body, err = bridge.EncodeClients(there); err == nil {
		err = c.Send(ctx, m)
	}
	if err == nil {
		ahead.Given(there)
	}
	return err
}

// descriptor is a copy of a client's, so that the client can be closed while it is sent.
type descriptor int

// duplicate fails if the client's socket is closed. The caller closes the copy.
func duplicate(m *bridge.Moving) (d descriptor, err error) {
	var copyErr error
	err = m.Control(func(fd uintptr) {
		var n int
		n, copyErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
		d = descriptor(n)
	})
	return d, errors.Join(err, copyErr)
}

func (d descriptor) close() { _ = unix.Close(int(d)) }

// SyscallConn implements syscall.Conn.
func (d descriptor) SyscallConn() (syscall.RawConn, error) { return d, nil }

// Control implements syscall.RawConn.
func (d descriptor) Control(f func(fd uintptr)) error {
	f(uintptr(d))
	return nil
}

// Read implements syscall.RawConn; nobody waits for it.
func (descriptor) Read(func(fd uintptr) bool) error { return errors.ErrUnsupported }

// Write implements syscall.RawConn.
func (descriptor) Write(func(fd uintptr) bool) error { return errors.ErrUnsupported }

// adopt takes in what the other process tells ahead.
func (s *server) adopt(ctx context.Context) error {
	var state bytes.Buffer
	for {
		m, err := s.Predecessor.Receive(ctx)
		if err != nil {
			return err
		}
		switch m.Name {
		case msgAhead:
			err = s.adoptClients(m)
		case msgBefore:
			state.Write(m.Body)
		case msgAdopt:
			err = s.adoptState(ctx, &state)
		default:
			err = errors.New("nothing of that name is told ahead")
		}
		m.Close()
		if err != nil {
			return fmt.Errorf("take in %s: %w", m.Name, err)
		}
		if m.Name == msgAdopt {
			return s.Predecessor.Send(ctx, handover.Message{Name: msgAdopted})
		}
	}
}

func (s *server) adoptClients(m *handover.Received) error {
	conns, err := connections(m.Files)
	var clients []bridge.ClientFixed
	if err == nil {
		clients, err = bridge.DecodeClients(m.Body)
	}
	if err == nil {
		err = s.bridge.AdoptClients(clients, conns)
	}
	if err != nil {
		closeAll(conns)
	}
	return err
}

func (s *server) adoptState(ctx context.Context, encoded *bytes.Buffer) error {
	state, err := bridge.DecodeAhead(encoded)
	if err != nil {
		return err
	}
	return s.bridge.Adopt(ctx, state)
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		c.Close()
	}
}
