package bridge

import (
	"maps"
	"slices"
	"sync"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

// clients finds clients by their keys. A client that has left is still known by its socket until that is closed, since it may have to be
// sent messages yet.
type clients struct {
	mu      sync.RWMutex // guards the fields below
	byKey   map[int64]*client
	sockets map[*client]struct{} // answered 101 and not closed
	past    observe.Messages     // of clients whose sockets are closed
}

func newClients() *clients {
	return &clients{byKey: map[int64]*client{}, sockets: map[*client]struct{}{}}
}

func (s *clients) add(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byKey[c.key] = c
}

// open records that messages can be sent to c. It reports false if c has left.
func (s *clients) open(c *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[c.key] != c {
		return false
	}
	c.upgraded.Store(true)
	s.sockets[c] = struct{}{}
	return true
}

// remove reports whether this call has removed c, and whether c was open.
func (s *clients) remove(c *client) (removed, opened bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[c.key] != c {
		return false, false
	}
	delete(s.byKey, c.key)
	c.left.Store(true)
	return true, c.upgraded.Load()
}

// move forgets clients that have moved to another process.
func (s *clients) move(moved []*client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range moved {
		delete(s.byKey, c.key)
		delete(s.sockets, c)
		c.left.Store(true)
		s.past.Add(c.messages.Messages())
	}
}

// pastMessages returns the counts of clients whose sockets are closed.
func (s *clients) pastMessages() observe.Messages {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.past
}

// addPast adds counts of another process.
func (s *clients) addPast(m observe.Messages) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past.Add(m)
}

// closed removes c's socket.
func (s *clients) closed(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, c)
	s.past.Add(c.messages.Messages())
}

// messages returns the counts of all clients, including past ones.
func (s *clients) messages() observe.Messages {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sum := s.past
	for c := range s.sockets {
		sum.Add(c.messages.Messages())
	}
	return sum
}

// get returns the client with that key, or nil.
func (s *clients) get(key int64) *client {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byKey[key]
}

// early returns the client with that key if it has not been answered 101, or else nil.
func (s *clients) early(key int64) *client {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c := s.byKey[key]; c != nil && !c.upgraded.Load() {
		return c
	}
	return nil
}

// openedOne returns the client with that key if it has been answered 101, or else nil.
func (s *clients) openedOne(key int64) *client {
	if c := s.get(key); c != nil && c.upgraded.Load() {
		return c
	}
	return nil
}

// opened returns the clients with these keys that have been answered 101, and the keys of all others.
func (s *clients) opened(keys []int64) (found []*client, missing []int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found = make([]*client, 0, len(keys))
	for _, key := range keys {
		if c := s.byKey[key]; c != nil && c.upgraded.Load() {
			found = append(found, c)
		} else {
			missing = append(missing, key)
		}
	}
	return found, missing
}

// count returns how many clients have a row.
func (s *clients) count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byKey)
}

// all returns the clients that have a row, in the order of their keys.
func (s *clients) all() []*client {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*client, 0, len(s.byKey))
	for _, key := range slices.Sorted(maps.Keys(s.byKey)) {
		all = append(all, s.byKey[key])
	}
	return all
}

// any reports whether match does so of a client that has a row. match must not call clients.
func (s *clients) any(match func(*client) bool) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, c := range s.byKey {
		if match(c) {
			return true
		}
	}
	return false
}

// connected returns the clients whose sockets are not closed, including those that have left.
func (s *clients) connected() []*client {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Keys(s.sockets))
}

// conns returns the connections of connected.
func (s *clients) conns() []*socket.Conn {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*socket.Conn, 0, len(s.sockets))
	for c := range s.sockets {
		all = append(all, c.conn)
	}
	return all
}

// openClients returns the open clients whose rows f matches, in the order of their keys.
func (b *Bridge) openClients(f rows.Filter) []*client {
	open, _ := b.clients.opened(b.table.Open(f)) // the missing ones have just left
	return open
}
