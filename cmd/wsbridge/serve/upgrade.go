package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/handover"
	"github.com/wsbridge/wsbridge/fifo"
)

var (
	errUpgrading = errors.New("an upgrade runs already")
	errNoUpgrade = errors.New("the server starts or ends")
)

// keepUpgradable has another process take over on each SIGUSR2 until ctx ends.
func (s *server) keepUpgradable(ctx context.Context) {
	for {
		select {
		case <-s.sigusr2:
			if !s.bridge.HandedOver() {
				_, _ = s.upgrade(ctx, "") // it logs its errors
			}
		case <-ctx.Done():
			return
		}
	}
}

// upgrade starts the program at path, or if it is empty what is by now at the path by which this one was started, and lets it take over. It
// blocks until that one serves, or everything goes on here, which takes server.upgrade_timeout, and server.upgrade_spread, and some seconds.
// A reload waits meanwhile.
func (s *server) upgrade(ctx context.Context, path string) (done *api.Upgraded, err error) {
	if !s.upgrading.TryLock() {
		return nil, errUpgrading
	}
	defer s.upgrading.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	path = cmp.Or(path, s.program)
	err = errNoUpgrade
	waitErr := s.reload.again(ctx, func(ctx context.Context, cfg *config.Config) error {
		if done, err = s.handOver(ctx, cfg, path); err == nil {
			s.reload.next = done.After.PID
		}
		return nil
	})
	if err = errors.Join(waitErr, err); err != nil {
		s.log.Error("not upgraded: everything goes on as it was", "program", path, "error", err)
		return nil, err
	}
	s.log.Info("upgraded", "pid", done.After.PID, "version", done.After.Version, "clients", done.Moved,
		"reconnecting", done.Reconnecting, "held", time.Duration(done.Held)*time.Microsecond)
	return done, nil
}

// handOver prepares the other process, and moves everything to it.
func (s *server) handOver(ctx context.Context, cfg *config.Config, path string) (*api.Upgraded, error) {
	if err := s.supervision.refusal(); err != nil {
		return nil, err
	}
	if err := checkProgram(path); err != nil {
		return nil, err
	}
	next, err := startSuccessor(path, s.Arguments)
	if err != nil {
		return nil, err
	}
	s.log.Info("another process is to take over", "pid", next.pid(), "program", path)
	other, err := s.prepare(ctx, cfg, next)
	var ahead *bridge.Ahead
	if err == nil {
		ahead, err = s.tellAhead(ctx, next.channel)
	}
	var done *api.Upgraded
	if err == nil {
		done, err = s.move(ctx, cfg, next, ahead)
	}
	if err != nil {
		return nil, explainEnd(err, next.end())
	}
	done.Before = api.Process{PID: os.Getpid(), Version: s.Version}
	done.After = api.Process{PID: next.pid(), Version: other.Version}
	return done, next.letGo()
}

// explainEnd adds to an error how the process has ended, if it has not said why.
func explainEnd(err error, state *os.ProcessState) error {
	if !errors.Is(err, handover.ErrClosed) {
		return err
	}
	return fmt.Errorf("%w (%v): its lines in the log say more", err, state)
}

// prepare waits until the other process has all that it can have before it takes over: so that clients are held for a short time only.
func (s *server) prepare(ctx context.Context, cfg *config.Config, next *successor) (other handover.Hello, err error) {
	limit := cfg.Server.UpgradeTimeout.Std()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it is not ready within server.upgrade_timeout = %v", limit))
	defer cancel()
	if other, err = next.channel.Greet(ctx, s.hello(), true); err != nil {
		return other, err
	}
	body, err := json.Marshal(fixedOf(cfg))
	if err != nil {
		return other, err
	}
	if err := next.channel.Send(ctx, handover.Message{Name: msgFixed, Body: body}); err != nil {
		return other, err
	}
	return other, expect(ctx, next.channel, msgReady)
}

// expect receives a message that is nothing but its name.
func expect(ctx context.Context, c *handover.Channel, name string) error {
	m, err := c.Receive(ctx)
	if err != nil {
		return err
	}
	m.Close()
	if m.Name != name {
		return fmt.Errorf("the other process sends %q: want %q", m.Name, name)
	}
	return nil
}

// freezeTime is how long the handlers that run have to end. Clients are held meanwhile, but not while handshakes run to their end.
const freezeTime = 10 * time.Second

// move lets everything stand still and hands it over. It lets everything go on here unless the other process has taken over.
func (s *server) move(ctx context.Context, cfg *config.Config, next *successor, ahead *bridge.Ahead) (*api.Upgraded, error) {
	controls, goOn, leave := s.operators.Hold()
	spread := cfg.Server.UpgradeSpread.Std()
	limit := spread + 2*freezeTime
	freezing, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("handshakes, and clients that cannot move, do not end within %v", limit))
	frozen, err := s.bridge.Freeze(freezing, spread, freezeTime, ahead)
	cancel()
	if err != nil {
		goOn()
		return nil, fmt.Errorf("hold clients: %w", err)
	}
	sending, cancel := context.WithTimeoutCause(ctx, moveTime, fmt.Errorf("the other process does not take over within %v", moveTime))
	defer cancel()
	m, err := s.listening(controls)
	if err == nil {
		err = s.send(sending, next.channel, m, frozen)
	}
	if err == nil {
		err = s.commit(sending, next)
	}
	if err != nil {
		next.kill()
		s.resumeJournal(cfg)
		frozen.Thaw()
		goOn()
		return nil, err
	}
	leave()
	if s.pipe != nil {
		if err := s.pipe.Leave(); err != nil {
			s.log.Warn("the pipe could not be closed in this process", "error", err)
		}
	}
	s.awaitServing(ctx, next.channel)
	done := &api.Upgraded{Moved: frozen.Moved(), Reconnecting: frozen.Told(), Held: api.Micros(time.Since(frozen.Since()).Microseconds())}
	frozen.Release()
	notifier{s.log.Logger}.mainProcess(next.pid())
	return done, nil
}

// moveTime is how long the state may take on its way. Clients are held meanwhile.
const moveTime = 30 * time.Second

// send sends everything, and waits until the other process can serve.
func (s *server) send(ctx context.Context, c *handover.Channel, listeners handover.Message, frozen *bridge.Frozen) error {
	if err := c.Send(ctx, listeners); err != nil {
		return err
	}
	if err := s.sendPipe(ctx, c); err != nil {
		return err
	}
	state := &parts{send: func(part []byte) error { return c.Send(ctx, handover.Message{Name: msgState, Body: part}) }}
	err := frozen.State().Encode(state)
	if err == nil {
		err = state.flush()
	}
	if err != nil {
		return err
	}
	for clients := frozen.Clients(); len(clients) > 0; {
		n := min(len(clients), handover.MaxFiles)
		m := handover.Message{Name: msgClients}
		for i := range clients[:n] {
			m.Files = append(m.Files, movingConn{&clients[i]})
		}
		if err := c.Send(ctx, m); err != nil {
			return err
		}
		clients = clients[n:]
	}
	if err := s.leaveJournal(); err != nil {
		return err
	}
	if err := c.Send(ctx, handover.Message{Name: msgComplete}); err != nil {
		return err
	}
	return expect(ctx, c, msgRestored)
}

func (s *server) sendPipe(ctx context.Context, c *handover.Channel) error {
	if s.pipe == nil {
		return nil
	}
	if err := s.pipe.Hold(ctx); err != nil && !errors.Is(err, fifo.ErrHeld) { // else its reader has just failed, and is about to begin again
		return err
	}
	state, files, err := s.pipe.State()
	if err != nil {
		return err
	}
	return c.Send(ctx, handover.Message{Name: msgPipe, Body: state, Files: files})
}

// commit lets the other process serve. It either returns nil, and that one does, or it does not and never will.
func (s *server) commit(ctx context.Context, next *successor) error {
	err := next.channel.Send(ctx, handover.Message{Name: msgServe})
	if err == nil {
		return nil
	}
	next.kill()
	if next.channel.Acknowledged() {
		s.log.Error("the process that has taken over did not live: all clients are lost", "pid", next.pid())
		return nil
	}
	return err
}

// servingTime is how long this process keeps what it has handed over, so that the other one can use the processors for its clients first.
const servingTime = 5 * time.Second

// awaitServing blocks until the other process serves, or does not tell so in time.
func (s *server) awaitServing(ctx context.Context, c *handover.Channel) {
	ctx, cancel := context.WithTimeout(ctx, servingTime)
	defer cancel()
	if err := expect(ctx, c, msgServing); err != nil && ctx.Err() == nil {
		s.log.Error("the process that has taken over does not tell that it serves", "error", err)
	}
}

// movingConn is a client's socket as a message carries it.
type movingConn struct{ *bridge.Moving }

// SyscallConn implements syscall.Conn.
func (m movingConn) SyscallConn() (syscall.RawConn, error) { return m, nil }

// Read implements syscall.RawConn; nobody waits for it.
func (movingConn) Read(func(fd uintptr) bool) error { return errors.ErrUnsupported }

// Write implements syscall.RawConn.
func (movingConn) Write(func(fd uintptr) bool) error { return errors.ErrUnsupported }
