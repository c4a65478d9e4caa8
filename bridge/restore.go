package bridge

import (
	"context"
	"net"
	"time"

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

// Restore takes over what another process has frozen, after Prepare and before Serve. conns are the connections of those clients that AdoptClients has
// not been given, in the order of s.Clients. Without Adopt it fills the lane's worker. It reads nothing of the connections, writes nothing to them and
// runs no event: Serve begins with that, once the other process has released them. If another configuration or other code has come with this process,
// they hold from now on.
//
// An error that wraps ErrBadState says what is wrong with s. After any error, and until Serve, conns are the caller's to close, and Forsake closes
// the others, which the clients do not notice while the other process has them too, and the Bridge is of no use any more. The other process goes on with
// Frozen.Thaw.
//
// Restore keeps s and what it holds.
func (b *Bridge) Restore(ctx context.Context, s *State, conns []net.Conn) error {
	defer context.AfterFunc(ctx, func() { b.abortEvents(context.Cause(ctx)) })()
	adopted := b.adopted.clients
	if err := s.check(len(conns), adopted); err != nil {
		return err
	}
	if err := b.scheduler.Freeze(ctx); err != nil {
		return err
	}
	for key, c := range adopted { // before the rows: a client without a row must not be there
		if !s.has(key) {
			c.forsake()
			delete(adopted, key)
		}
	}
	var fresh []ClientFixed
	for i := range s.Clients {
		if !s.Clients[i].Adopted {
			fresh = append(fresh, s.Clients[i].ClientFixed)
		}
	}
	if err := b.AdoptClients(fresh, conns); err != nil {
		return err
	}
	if err := b.restoreRows(ctx, s); err != nil {
		return err
	}
	if err := b.checkRows(s); err != nil {
		return err
	}
	r, err := b.resumeClients(s)
	if err != nil {
		return err
	}
	b.restoreServer(s)
	b.handOver.restored = r
	return nil
}

// checkRows returns an error unless the rows are those of the clients.
func (b *Bridge) checkRows(s *State) error {
	keys := make([]int64, len(s.Clients))
	for i := range s.Clients {
		keys[i] = s.Clients[i].Key
	}
	if missing, ok := b.table.Connected(keys); missing != 0 {
		return badState("there is no row of the open client %d", missing)
	} else if _, _, rows := b.table.Counts(); !ok {
		return badState("it has %d clients and %d rows", len(keys), rows)
	}
	return nil
}

func (b *Bridge) resumeClients(s *State) (*restored, error) {
	owed, err := owedMessages(s.Messages)
	if err != nil {
		return nil, badState("%w", err)
	}
	now := time.Now()
	b.limiter.Restore(&s.Limiter, now)
	r := &restored{clients: make([]*client, len(s.Clients))}
	return r, inParallel(len(s.Clients), func(i int) error {
		r.clients[i] = b.adopted.clients[s.Clients[i].Key]
		return r.clients[i].resume(&s.Clients[i], owed, now)
	})
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
