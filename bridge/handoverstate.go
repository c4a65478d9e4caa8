package bridge

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// StateVersion is the version of State: another one is refused. It changes whenever a field of State, or of what it holds, is removed or means
// something else; a field that is added and may be missing changes nothing.
const StateVersion = 1

// State is what a Bridge hands over to that of another process. It must not be changed. Left out, since it starts anew: the latest events of each
// client that operators see, how long handlers take, tails, and what is about to be summed up in the log.
type State struct {
	Sequence uint64 // number of the last event
	Paused   bool   // by an operator
	// ProcessesWait says that an event for processes which handlers have started is due, and not in Events.
	ProcessesWait bool
	Table         rows.State // rows and global variables
	Learned       isolation.Learned
	Counts        Counts
	Incidents     []observe.Incident // the last one first
	Limiter       door.LimiterState
	Messages      []socket.Queued // that clients are owed, by the numbers that ClientState.Socket has of them
	Clients       []ClientState   // in the order of their keys
	Events        []EventState    // that have not begun, in the order in which they came
}

// Counts are the parts of Totals that count since the start.
type Counts struct {
	Accepted, Refused, Done, Failed uint64
	Messages                        observe.Messages // of clients that have left
}

// ClientState is a client, apart from its row. Times are of the system's clock; zero means never.
type ClientState struct {
	Key         int64
	Peer        string // ip:port
	Environment []byte // see PHP.Environment
	Session     string // PHP session; empty: none, or it does not matter
	Subprotocol string
	ReadEvents  bool         // PHP gets its bytes before they are read
	Passed      []byte       // of these, what PHP has passed and has not been read
	Counted     netip.Prefix // for which its connection counts; not valid: for none
	Connected   time.Time
	Last        time.Time // when its last message came
	Request     *Request
	Messages    observe.Messages
	NextPing    time.Time
	Idle        time.Time // when the last message was seen in either direction
	Asked       time.Time // when the first ping was sent since anything came
	SilentBy    time.Time // when it counts as silent, if nothing comes
	Socket      *socket.State
	Owed        bool        // the journal has its close event
	Traced      http.Header // fields of its handshake that name the trace of its events; empty: there is none
}

// EventState is an event that has not begun.
type EventState struct {
	Client  int64 // key; 0: the server
	Kind    protocol.Kind
	Payload []byte
	Came    time.Time
}

// ErrBadState is wrapped by errors about a State that cannot be taken over.
var ErrBadState = errors.New("bad state of another process")

func badState(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrBadState, fmt.Errorf(format, args...))
}

// head is what comes before the clients in an encoded State.
type head struct {
	State
	Clients int
}

// Encode writes the state for DecodeState. The clients are written one by one, so that no value takes the memory of all.
func (s *State) Encode(w io.Writer) error {
	enc := gob.NewEncoder(w)
	if err := enc.Encode(StateVersion); err != nil {
		return err
	}
	h := head{State: *s, Clients: len(s.Clients)}
	h.State.Clients = nil
	if err := enc.Encode(&h); err != nil {
		return err
	}
	for i := range s.Clients {
		if err := enc.Encode(&s.Clients[i]); err != nil {
			return fmt.Errorf("client %d: %w", s.Clients[i].Key, err)
		}
	}
	return nil
}

// DecodeState reads what Encode has written. It may read beyond it. The error wraps ErrBadState if it is the state of another version, is cut off or
// is no state.
func DecodeState(r io.Reader) (*State, error) {
	dec := gob.NewDecoder(r)
	var version int
	if err := dec.Decode(&version); err != nil {
		return nil, badState("read the version: %w", err)
	}
	if version != StateVersion {
		return nil, badState("it has version %d, and this program knows %d", version, StateVersion)
	}
	var h head
	if err := dec.Decode(&h); err != nil {
		return nil, badState("read the server: %w", err)
	}
	s := &h.State
	for i := range h.Clients {
		var c ClientState
		if err := dec.Decode(&c); err != nil {
			return nil, badState("read client %d of %d: %w", i+1, h.Clients, err)
		}
		s.Clients = append(s.Clients, c)
	}
	return s, nil
}

// check returns what is wrong with the state for so many connections.
func (s *State) check(conns int) error {
	if len(s.Clients) != conns {
		return badState("it has %d clients, and there are %d connections", len(s.Clients), conns)
	}
	if len(s.Table.Rows) != len(s.Clients) {
		return badState("it has %d clients and %d rows", len(s.Clients), len(s.Table.Rows))
	}
	known := map[int64]bool{0: true}
	for i, c := range s.Clients {
		if row := &s.Table.Rows[i]; row.Key != c.Key || !row.Connected {
			return badState("row %d of %d is not that of the open client %d", i+1, len(s.Table.Rows), c.Key)
		}
		if c.Socket == nil {
			return badState("client %d has no socket", c.Key)
		}
		known[c.Key] = true
	}
	for _, e := range s.Events {
		if !known[e.Client] {
			return badState("an event %q is of client %d, which is not there", e.Kind, e.Client)
		}
	}
	return nil
}
