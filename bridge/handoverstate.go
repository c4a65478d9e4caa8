package bridge

import (
	"cmp"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"slices"
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
const StateVersion = 2

// State is what a Bridge hands over to that of another process. It must not be changed. Left out, since it starts anew: the latest events of each
// client that operators see, how long handlers take, tails, and what is about to be summed up in the log.
type State struct {
	Sequence uint64 // number of the last event
	Paused   bool   // by an operator
	// ProcessesWait says that an event for processes which handlers have started is due, and not in Events.
	ProcessesWait bool
	RowsKept      bool       // the journal has all changes of rows and global variables
	Table         rows.State // rows and global variables; after Ahead, those rows that have changed since
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

// Encode writes the state for DecodeState: the version, then all but the clients, then the fixed parts of those that are not adopted, then what
// changes of all.
func (s *State) Encode(w io.Writer) error {
	enc := gob.NewEncoder(w)
	if err := enc.Encode(StateVersion); err != nil {
		return err
	}
	server := *s
	server.Clients = nil
	if err := enc.Encode(&server); err != nil {
		return err
	}
	var fixed []ClientFixed
	for i := range s.Clients {
		if !s.Clients[i].Adopted {
			fixed = append(fixed, s.Clients[i].ClientFixed)
		}
	}
	if err := enc.Encode(&fixed); err != nil {
		return err
	}
	return enc.Encode(appendClients(nil, s.Clients))
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
	s := &State{}
	if err := dec.Decode(s); err != nil {
		return nil, badState("read the server: %w", err)
	}
	var fixed []ClientFixed
	if err := dec.Decode(&fixed); err != nil {
		return nil, badState("read new clients: %w", err)
	}
	var changing []byte
	if err := dec.Decode(&changing); err != nil {
		return nil, badState("read clients: %w", err)
	}
	var err error
	if s.Clients, err = readClients(changing); err != nil {
		return nil, badState("read clients: %w", err)
	}
	return s, s.join(fixed)
}

// join gives each client that is not adopted its fixed part.
func (s *State) join(fixed []ClientFixed) error {
	for i := range s.Clients {
		c := &s.Clients[i]
		if c.Adopted {
			continue
		}
		if len(fixed) == 0 || fixed[0].Key != c.Key {
			return badState("client %d is not among the new ones", c.Key)
		}
		c.ClientFixed, fixed = fixed[0], fixed[1:]
	}
	if len(fixed) > 0 {
		return badState("%d new clients are not among all", len(fixed))
	}
	return nil
}

// has reports whether there is a client with that key.
func (s *State) has(key int64) bool {
	_, found := slices.BinarySearchFunc(s.Clients, key, func(c ClientState, key int64) int { return cmp.Compare(c.Key, key) })
	return found
}

// check returns what is wrong with the state for so many connections, besides those of the clients that were adopted.
func (s *State) check(conns int, adopted map[int64]*client) error {
	last, fresh := int64(0), 0
	for i := range s.Clients {
		c := &s.Clients[i]
		switch {
		case c.Key <= last:
			return badState("client %d comes after client %d", c.Key, last)
		case c.Socket == nil:
			return badState("client %d has no socket", c.Key)
		case c.Adopted != (adopted[c.Key] != nil):
			return badState("client %d: it was told ahead: %v, and that has come: %v", c.Key, c.Adopted, !c.Adopted)
		case !c.Adopted:
			fresh++
		}
		last = c.Key
	}
	if fresh != conns {
		return badState("it has %d clients, and there are %d connections", fresh, conns)
	}
	for _, e := range s.Events {
		if e.Client != 0 && !s.has(e.Client) {
			return badState("an event %q is of client %d, which is not there", e.Kind, e.Client)
		}
	}
	return nil
}
