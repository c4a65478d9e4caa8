package bridge

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

// state returns what another process needs of c, which stands still. It adds to owed what c has not been sent yet.
func (c *client) state(owed *socket.Messages) (ClientState, error) {
	frozen, err := c.conn.State(owed)
	if err != nil {
		return ClientState{}, err
	}
	s := ClientState{
		Key: c.key, Peer: c.peer, Environment: c.env, Session: c.session, Subprotocol: c.negotiated.subprotocol,
		ReadEvents: c.readEvents, Owed: c.owed.Load(), Counted: door.Of(c.conn.NetConn()).Counted(),
		Connected: time.UnixMicro(c.connectedAt), Last: time.UnixMicro(c.lastMessage.Load()), Request: c.request.Load(), Messages: c.messages.Messages(),
		NextPing: c.nextPing(), Idle: c.idle.lastMessage(), Asked: c.askedAt(), SilentBy: c.conn.SilentBy(), Socket: frozen,
	}
	if r := c.readEventConn(); r != nil {
		s.Passed = r.passed
	}
	if c.tracer != nil {
		s.Traced = c.tracer.Handshake()
	}
	return s, nil
}

// eventsOf returns the events of a queue that have not begun, apart from those whose caller was told that they will not run, and from documents
// that the journal has.
func eventsOf(q *schedule.Queue) (all []EventState) {
	waiting, _ := q.Waiting()
	for _, e := range waiting {
		e, ok := e.(*queuedEvent)
		if !ok || e.waiter != nil || e.document != 0 {
			continue
		}
		s := EventState{Kind: e.kind, Payload: e.payload, Came: e.since}
		if e.client != nil {
			s.Client = e.client.key
		}
		all = append(all, s)
	}
	return all
}

// readEventConn returns the connection of a client whose bytes PHP gets before they are read, or nil.
func (c *client) readEventConn() *readEventConn {
	r, _ := c.conn.NetConn().(*readEventConn)
	return r
}
