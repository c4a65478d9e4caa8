package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"

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
		if d, err := handover.Duplicate(client.Control); err == nil {
			defer d.Close()
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
