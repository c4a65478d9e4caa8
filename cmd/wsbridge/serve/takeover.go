package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/handover"
	"github.com/wsbridge/wsbridge/fifo"
)

// predecessorTime bounds the wait for a process that hands over: it gives up much earlier, which is seen, unless it hangs.
const predecessorTime = 10 * time.Minute

// meet learns what the process is from which this one takes over, and whether it can.
func (s *server) meet(ctx context.Context, cfg *config.Config) error {
	ctx, cancel := context.WithTimeout(ctx, predecessorTime)
	defer cancel()
	other, err := s.Predecessor.Greet(ctx, s.hello(), false)
	if err != nil {
		return err
	}
	m, err := s.Predecessor.Receive(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	var theirs fixed
	if err := json.Unmarshal(m.Body, &theirs); err != nil || m.Name != msgFixed {
		return fmt.Errorf("the other process sends %q %q: want %q", m.Name, m.Body, msgFixed)
	}
	ours := fixedOf(cfg)
	if err := ours.differs(&theirs); err != nil {
		return err
	}
	s.log.Info("taking over from another process", "pid", other.PID, "version", other.Version)
	return nil
}

// takeOver takes everything from the other process. Once it has returned nil this process serves, and the other one does not. After an error
// the other one goes on, and the files that have come are closed.
func (s *server) takeOver(ctx context.Context, cfg *config.Config) (err error) {
	if err := s.bridge.Prepare(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, predecessorTime)
	defer cancel()
	if err := s.Predecessor.Send(ctx, handover.Message{Name: msgReady}); err != nil {
		return err
	}
	p := &parcel{cfg: s.pipeConfig(cfg)}
	defer func() {
		if err != nil {
			p.close()
			s.bridge.Forsake()
		}
	}()
	if err := s.adopt(ctx); err != nil {
		return err
	}
	if err := p.receive(ctx, s.Predecessor); err != nil {
		return err
	}
	if (p.pipe == nil) != (cfg.Pipe.Path == "") || p.clients == nil {
		return errors.New("the other process has not sent its pipe, or its listeners")
	}
	state, err := bridge.DecodeState(&p.state)
	if err != nil {
		return err
	}
	if err := s.inheritJournal(&cfg.Journal); err != nil {
		return err
	}
	if err := s.bridge.Restore(ctx, state, p.conns); err != nil {
		return err
	}
	s.sockets.clients, s.pipe = p.clients, p.pipe
	if s.operators, err = s.startControl(cfg); err != nil {
		return err
	}
	if err := s.Predecessor.Send(ctx, handover.Message{Name: msgRestored}); err != nil {
		return err
	}
	if err := expect(ctx, s.Predecessor, msgServe); err != nil {
		return err
	}
	s.takenOver = true
	for _, l := range p.controls {
		s.operators.Inherit(l)
	}
	return nil
}

// parcel is what the other process sends.
type parcel struct {
	cfg      fifo.Config
	clients  net.Listener
	controls []control.Listener
	pipe     *fifo.Pipe
	state    bytes.Buffer
	conns    []net.Conn
}

// receive takes messages until there is no more.
func (p *parcel) receive(ctx context.Context, c *handover.Channel) error {
	for {
		m, err := c.Receive(ctx)
		if err != nil {
			return err
		}
		err = p.take(m)
		m.Close()
		if err != nil {
			return fmt.Errorf("take over %s: %w", m.Name, err)
		}
		if m.Name == msgComplete {
			return nil
		}
	}
}

// take leaves the files of m to be closed, but for those that it uses itself.
func (p *parcel) take(m *handover.Received) (err error) {
	switch m.Name {
	case msgListeners:
		p.clients, p.controls, err = inherited(m)
	case msgPipe:
		files := m.Files
		m.Files = nil
		p.pipe, err = fifo.Restore(p.cfg, m.Body, files)
	case msgState:
		p.state.Write(m.Body)
	case msgClients:
		err = p.connect(m.Files)
	case msgComplete:
	default:
		err = errors.New("nothing of that name is known")
	}
	return err
}

func (p *parcel) connect(files []*os.File) error {
	conns, err := connections(files)
	p.conns = append(p.conns, conns...)
	return err
}

// connections returns the connections of files, which it closes, so that no more are open than needed. The caller closes them, also those that it
// returns with an error.
func connections(files []*os.File) (all []net.Conn, err error) {
	for _, f := range files {
		conn, err := net.FileConn(f) // which works on a copy
		if err != nil {
			return all, err
		}
		all = append(all, conn)
		f.Close()
	}
	return all, nil
}

// close closes everything in this process, which neither the other one nor any client notices.
func (p *parcel) close() {
	closeListeners(p.clients, p.controls)
	if p.pipe != nil {
		_ = p.pipe.Leave()
	}
	for _, c := range p.conns {
		c.Close()
	}
}

// refuse tells the process before this one why it goes on.
func (s *server) refuse(err error) {
	if s.Predecessor == nil || s.takenOver || err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Predecessor.Refuse(ctx, err.Error()) // it fails if the other one has given up before
}

// tellServing tells the process before this one when this one serves. The returned function ends that, and waits for it.
func (s *server) tellServing() (end func()) {
	if s.Predecessor == nil {
		return func() {}
	}
	quit, told := make(chan struct{}), make(chan struct{})
	s.toldServing = told
	go func() {
		defer close(told)
		select {
		case <-s.bridge.Serving():
		case <-quit:
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), servingTime)
		defer cancel()
		_ = s.Predecessor.Send(ctx, handover.Message{Name: msgServing}) // it fails if the other one does not wait any longer
	}()
	return func() {
		close(quit)
		<-told
	}
}

// awaitMainProcess blocks until the process before this one has told the service manager that this one is the service's main process, since the
// manager would not listen to it before (NotifyAccess=main).
func (s *server) awaitMainProcess() {
	if s.Predecessor == nil {
		return
	}
	<-s.toldServing
	ctx, cancel := context.WithTimeout(context.Background(), 2*notifyTimeout)
	defer cancel()
	_, _ = s.Predecessor.Receive(ctx) // it ends with the channel
}
