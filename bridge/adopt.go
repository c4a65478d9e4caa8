package bridge

import (
	"context"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

// adopted is what a process has got ahead, before the other one stood still.
type adopted struct {
	state   *AheadState       // nil: none has come
	clients map[int64]*client // whose connections are there
}

// Adopt takes what another process has told ahead, while that one goes on, after Prepare and before Restore. It fills the lane's worker. It may be called once.
// After an error, which wraps ErrBadState if s is wrong, the Bridge is of no use any more.
func (b *Bridge) Adopt(ctx context.Context, s *AheadState) error {
	defer context.AfterFunc(ctx, func() { b.abortEvents(context.Cause(ctx)) })()
	if b.adopted.state != nil {
		return badState("it is told ahead again")
	}
	if err := b.scheduler.Freeze(ctx); err != nil {
		return err
	}
	if err := b.table.Restore(&s.Table); err != nil {
		return badState("%w", err)
	}
	b.learned(&s.Learned)
	b.adopted.state = s
	return b.startLane()
}

// AdoptClients takes clients that another process still serves, with the copies of their connections, in the same order, before Restore. It reads
// nothing of them and writes nothing. Until Serve, Forsake closes the copies that it has taken; after an error those of this call are the caller's
// to close.
func (b *Bridge) AdoptClients(all []ClientFixed, conns []net.Conn) error {
	if len(all) != len(conns) {
		return badState("%d clients have come with %d connections", len(all), len(conns))
	}
	now := time.Now()
	made := make([]*client, len(all))
	err := inParallel(len(all), func(i int) (err error) {
		made[i], err = b.adoptClient(&all[i], conns[i], now)
		return err
	})
	if err != nil {
		return err
	}
	if b.adopted.clients == nil {
		b.adopted.clients = map[int64]*client{}
	}
	for _, c := range made {
		if b.adopted.clients[c.key] != nil {
			return badState("client %d comes twice", c.key)
		}
		b.adopted.clients[c.key] = c
	}
	return nil
}

// Forsake closes the copies of all connections that AdoptClients has taken, which the clients do not notice while the other process has them. It
// must not be called once Serve is.
func (b *Bridge) Forsake() {
	for _, c := range b.adopted.clients {
		c.forsake()
	}
	b.adopted.clients = nil
}

// forsake leaves a client to the process that serves it, or that has served it to its end.
func (c *client) forsake() {
	c.events.Abandon()
	c.idle.stop()
	c.bridge.clients.move([]*client{c})
	c.conn.Release()
}

// adoptClient returns a client that another process serves, on its connection. It neither reads nor writes, and its times stand still.
func (b *Bridge) adoptClient(s *ClientFixed, conn net.Conn, now time.Time) (*client, error) {
	cfg := b.cfg()
	env, err := cfg.PHP.Inherit(s.Environment)
	if err != nil {
		return nil, badState("client %d: %w", s.Key, err)
	}
	c := &client{bridge: b, key: s.Key, peer: s.Peer, env: env, session: s.Session, negotiated: negotiated{s.Subprotocol, s.Deflate},
		readEvents: s.ReadEvents, connectedAt: s.Connected.UnixMicro()}
	c.request.Store(s.Request)
	if cfg.Tracer != nil {
		c.tracer = cfg.Tracer.Of(s.Traced)
	}
	c.events = b.scheduler.NewQueue(cfg.EventQueue, int(cfg.MaxMessage))
	var below socket.HalfCloser = b.limiter.Inherit(conn, s.Counted, now)
	if s.ReadEvents {
		below = &readEventConn{HalfCloser: below, bridge: b, client: c, expired: make(chan struct{})}
	}
	c.early = b.upgrader.NewEarly(below, c, cfg.WriteTimeout, cfg.SendQueueBytes)
	c.early.Handshake() // it has come, and was answered 101
	c.early.HasAnswered()
	if c.conn, err = b.upgrader.Adopt(below, b.socketOptions(c)); err != nil {
		return nil, badState("client %d: %w", s.Key, err)
	}
	c.prepareTimers()
	b.clients.add(c)
	b.clients.open(c)
	return c, nil
}

// resume brings a client to where the other process has stopped.
func (c *client) resume(s *ClientState, owed *socket.Messages, now time.Time) error {
	c.asked, c.pings = s.Asked, s.NextPing.UnixMicro()
	c.lastMessage.Store(s.Last.UnixMicro())
	c.owed.Store(s.Owed && c.bridge.journal.Load() != nil)
	c.messages.Restore(s.Messages)
	if r := c.readEventConn(); r != nil {
		r.passed = s.Passed
	}
	if err := c.conn.Resume(s.Socket, owed); err != nil {
		return badState("client %d: %w", s.Key, err)
	}
	c.conn.KeepAlive(max(time.Millisecond, s.SilentBy.Sub(now)))
	c.idle.restore(s.Idle)
	return nil
}

// learned takes over what another process has learned of the application's handlers.
func (b *Bridge) learned(l *isolation.Learned) {
	b.update(func(app *isolation.Application) *isolation.Application {
		learned, same := app.WithLearned(l)
		if !same {
			b.table.ForgetFirst()
			return nil
		}
		return learned
	})
}

func (b *Bridge) startLane() error {
	lane := b.cfg().Lane
	if lane == nil {
		return nil
	}
	return lane.Start(b.base, laneState{b})
}

// restoreRows restores the rows and global variables, and has the journal keep them all if it is to and the other process has not had it do so.
func (b *Bridge) restoreRows(ctx context.Context, s *State) error {
	err := b.catchUp(ctx, s)
	if err == nil && !s.RowsKept && b.keepsRows() {
		b.table.KeepAll()
	}
	return err
}

// catchUp restores the rows and global variables, and starts the lane, unless Adopt has. Then a worker that knows the rows is told only what has
// changed of them; one that was given other global variables is replaced.
func (b *Bridge) catchUp(ctx context.Context, s *State) error {
	ahead := b.adopted.state
	if ahead == nil {
		if err := b.table.Restore(&s.Table); err != nil {
			return badState("%w", err)
		}
		b.learned(&s.Learned)
		return b.startLane()
	}
	restore, isStale := b.table.RestoreRows, !ahead.hasGlobals(&s.Table)
	if isStale {
		restore = b.table.Restore
	}
	if err := restore(&s.Table); err != nil {
		return badState("%w", err)
	}
	if !isStale {
		b.learnedSince(&s.Learned)
		return nil
	}
	b.learned(&s.Learned)
	if lane := b.cfg().Lane; lane != nil {
		return lane.Refill(ctx)
	}
	return nil
}

// learnedSince is learned after Adopt, with what this process's own worker has told since.
func (b *Bridge) learnedSince(l *isolation.Learned) {
	b.update(func(app *isolation.Application) *isolation.Application {
		learned, same := app.WithLearned(l)
		if !same {
			return nil
		}
		own := app.Learned()
		return learned.WithKnown(slices.Collect(maps.Keys(own.Known))).WithHeld(slices.Collect(maps.Keys(own.Held)))
	})
}

// hasGlobals reports whether the global variables are those of s.
func (a *AheadState) hasGlobals(s *rows.State) bool {
	return rows.SameFields(a.Table.Globals, s.Globals) && slices.Equal(a.Table.First, s.First)
}
