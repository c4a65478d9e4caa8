package bridge

import (
	"context"
	"net"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

// restored is what Restore leaves for Serve.
type restored struct{ clients []*client }

// Prepare is the first part of Initialize in a process that takes over: it describes the application, and has the lane boot a worker, so that Restore
// takes little time; without a worker, that boots one. No handler runs, since the server goes on: ws_server_initialize and ws_server_started have run. It waits for php-fpm as long as an
// event does, or until ctx ends.
func (b *Bridge) Prepare(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { b.abortEvents(context.Cause(ctx)) })()
	if err := b.describeFirst(); err != nil {
		return err
	}
	if lane := b.cfg().Lane; lane != nil {
		if err := lane.Boot(b.base); err != nil {
			b.log.Warn("no resident worker can be booted yet: clients wait longer while this process takes over", keyError, err)
		}
	}
	return nil
}

// Restore takes over what another process has frozen, after Prepare and before Serve, with the clients' connections in the order of s.Clients. It fills
// the lane's worker. It reads nothing of the connections, writes nothing to them and runs no event: Serve begins with that, once the other process
// has released them. If another configuration or other code has come with this process, they hold from now on.
//
// An error that wraps ErrBadState says what is wrong with s. After any error, and until Serve, the connections are the caller's to close, which the
// clients do not notice while the other process has them too, and the Bridge is of no use any more. The other process goes on with Frozen.Thaw.
//
// Restore keeps s and what it holds.
func (b *Bridge) Restore(ctx context.Context, s *State, conns []net.Conn) error {
	defer context.AfterFunc(ctx, func() { b.abortEvents(context.Cause(ctx)) })()
	if err := s.check(len(conns)); err != nil {
		return err
	}
	if err := b.scheduler.Freeze(ctx); err != nil {
		return err
	}
	if err := b.table.Restore(&s.Table); err != nil {
		return badState("%w", err)
	}
	now := time.Now()
	b.limiter.Restore(&s.Limiter, now)
	owed, err := owedMessages(s.Messages)
	if err != nil {
		return badState("%w", err)
	}
	r := &restored{clients: make([]*client, len(conns))}
	err = inParallel(len(conns), func(i int) (err error) {
		if r.clients[i], err = b.restoreClient(&s.Clients[i], conns[i], owed, now); err != nil {
			return badState("client %d: %w", s.Clients[i].Key, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.restoreServer(s)
	if lane := b.cfg().Lane; lane != nil {
		if err := lane.Start(b.base, laneState{b}); err != nil {
			return err
		}
	}
	b.handOver.restored = r
	return nil
}

func owedMessages(all []socket.Queued) (*socket.Messages, error) {
	owed := &socket.Messages{}
	for _, m := range all {
		if err := owed.Add(m); err != nil {
			return nil, err
		}
	}
	return owed, nil
}

// restoreServer restores what belongs to no client, and the events of all.
func (b *Bridge) restoreServer(s *State) {
	b.seq.Store(s.Sequence)
	b.totals.accepted.Store(s.Counts.Accepted)
	b.totals.refused.Store(s.Counts.Refused)
	b.totals.done.Store(s.Counts.Done)
	b.totals.failed.Store(s.Counts.Failed)
	b.clients.addPast(s.Counts.Messages)
	b.incidents.Restore(s.Incidents)
	b.processesWait.Store(s.ProcessesWait)
	if s.Paused && b.scheduler.Pause() {
		b.log.Warn("paused")
	}
	b.update(func(app *isolation.Application) *isolation.Application {
		learned, same := app.WithLearned(&s.Learned)
		if !same {
			b.table.ForgetFirst()
			return nil
		}
		return learned
	})
	for i := range s.Events {
		b.restoreEvent(&s.Events[i])
	}
	if b.spool != nil {
		b.spool.fallBehind() // documents that the journal has are not among these
	}
}

// restoreEvent queues an event, which waits in a queue that takes all until Serve begins.
func (b *Bridge) restoreEvent(s *EventState) {
	e := &queuedEvent{bridge: b, kind: s.Kind, payload: s.Payload, since: s.Came}
	q := b.events
	if s.Client != 0 {
		e.client = b.clients.get(s.Client)
		e.inBacklog = true
		b.backlog.Take(len(s.Payload))
		q = e.client.events
	}
	q.SetUnbounded(true)
	q.Put(e)
}

// restoreClient returns a client that another process has served, on its connection. It neither reads nor writes, and its times stand still.
func (b *Bridge) restoreClient(s *ClientState, conn net.Conn, owed *socket.Messages, now time.Time) (*client, error) {
	cfg := b.cfg()
	env, err := cfg.PHP.Inherit(s.Environment)
	if err != nil {
		return nil, err
	}
	c := &client{bridge: b, key: s.Key, peer: s.Peer, env: env, session: s.Session, negotiated: negotiated{s.Subprotocol, s.Socket.Deflate},
		readEvents: s.ReadEvents, connectedAt: s.Connected.UnixMicro(), asked: s.Asked, pings: s.NextPing.UnixMicro()}
	c.lastMessage.Store(s.Last.UnixMicro())
	c.owed.Store(s.Owed && b.journal.Load() != nil)
	c.request.Store(s.Request)
	if cfg.Tracer != nil {
		c.tracer = cfg.Tracer.Of(s.Traced)
	}
	c.messages.Restore(s.Messages)
	c.events = b.scheduler.NewQueue(cfg.EventQueue, int(cfg.MaxMessage))
	var below socket.HalfCloser = b.limiter.Inherit(conn, s.Counted, now)
	if s.ReadEvents {
		below = &readEventConn{HalfCloser: below, bridge: b, client: c, passed: s.Passed, expired: make(chan struct{})}
	}
	c.early = b.upgrader.NewEarly(below, c, cfg.WriteTimeout, cfg.SendQueueBytes)
	c.early.Handshake() // it has come, and was answered 101
	c.early.HasAnswered()
	if c.conn, err = b.upgrader.Restore(below, s.Socket, owed, b.socketOptions(c)); err != nil {
		return nil, err
	}
	c.conn.KeepAlive(max(time.Millisecond, s.SilentBy.Sub(now)))
	c.restoreTimers(s.Idle)
	b.clients.add(c)
	b.clients.open(c)
	return c, nil
}

// goOn lets begin what Restore has prepared.
func (b *Bridge) goOn() {
	r := b.handOver.restored
	if r == nil {
		return
	}
	for _, c := range r.clients {
		c.setTimers()
		b.spawn(c.readOn)
		c.conn.Thaw()
		c.events.SetUnbounded(false)
	}
	b.events.SetUnbounded(false)
	b.scheduler.Thaw()
	b.log.Info("took over from another process", keyClients, len(r.clients))
}
