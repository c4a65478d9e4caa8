package bridge

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

// ClientFixed is what does not change of a client as long as it is there. Times are of the system's clock; zero means never.
type ClientFixed struct {
	Key         int64
	Peer        string // ip:port
	Environment []byte // see PHP.Environment
	Session     string // PHP session; empty: none, or it does not matter
	Subprotocol string
	Deflate     socket.Deflate
	ReadEvents  bool         // PHP gets its bytes before they are read
	Counted     netip.Prefix // for which its connection counts; not valid: for none
	Connected   time.Time
	Request     *Request
	Traced      http.Header // fields of its handshake that name the trace of its events; empty: there is none
}

// ClientState is a client that stands still, apart from its row.
type ClientState struct {
	ClientFixed      // of which only Key matters if Adopted
	Adopted     bool // the other process has the fixed part and the connection

	Passed   []byte    // with ReadEvents, what PHP has passed and has not been read
	Last     time.Time // when its last message came
	Messages observe.Messages
	NextPing time.Time
	Idle     time.Time // when the last message was seen in either direction
	Asked    time.Time // when the first ping was sent since anything came
	SilentBy time.Time // when it counts as silent, if nothing comes
	Socket   *socket.State
	Owed     bool // the journal has its close event
}

func (c *client) fixed() ClientFixed {
	s := ClientFixed{Key: c.key, Peer: c.peer, Environment: c.env, Session: c.session, Subprotocol: c.negotiated.subprotocol,
		Deflate: c.conn.Deflate(), ReadEvents: c.readEvents, Counted: door.Of(c.conn.NetConn()).Counted(), Connected: time.UnixMicro(c.connectedAt),
		Request: c.request.Load()}
	if c.tracer != nil {
		s.Traced = c.tracer.Handshake()
	}
	return s
}

// state returns what another process needs of c, which stands still. It adds to owed what c has not been sent yet.
func (c *client) state(owed *socket.Messages, isAdopted bool) (s ClientState, err error) {
	if s.Socket, err = c.conn.State(owed); err != nil {
		return s, err
	}
	if s.Key, s.Adopted = c.key, isAdopted; !isAdopted {
		s.ClientFixed = c.fixed()
	}
	s.Last, s.Messages, s.Owed = time.UnixMicro(c.lastMessage.Load()), c.messages.Messages(), c.owed.Load()
	s.NextPing, s.Idle, s.Asked, s.SilentBy = c.nextPing(), c.idle.lastMessage(), c.askedAt(), c.conn.SilentBy()
	if r := c.readEventConn(); r != nil {
		s.Passed = r.passed
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
