package bridge

import (
	"bytes"
	"encoding/gob"
	"io"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/rows"
)

// Ahead is what another process gets before Freeze, while this one goes on: most of what there is, so that clients are held for a short time only. One
// goroutine at a time may use it. It is of no use any more once a Freeze that was given it has ended.
type Ahead struct {
	bridge *Bridge
	state  *AheadState       // as it was when State was called first
	left   []*client         // that the other process has not been given
	given  map[int64]*client // that it has
}

// AheadState is what belongs to no single client, as it was at some time before Freeze. It must not be changed.
type AheadState struct {
	Table   rows.State
	Learned isolation.Learned
}

// Ahead returns what there is now. To give it to the other process changes nothing here, but for one thing: when a client leaves whose descriptor the
// other process has, its connection is shut down before it is closed.
func (b *Bridge) Ahead() *Ahead {
	a := &Ahead{bridge: b, given: map[int64]*client{}}
	for _, c := range b.clients.all() {
		if c.isMovable() {
			a.left = append(a.left, c)
		}
	}
	return a
}

// State returns what belongs to no single client, as it is when State is called first. The other process has to be given that, too.
func (a *Ahead) State() *AheadState {
	if a.state == nil {
		a.state = &AheadState{a.bridge.table.State(), a.bridge.app.Load().Learned()}
	}
	return a.state
}

// Next returns at most n clients that the other process has not been given, apart from those that are leaving; none: there are no more.
func (a *Ahead) Next(n int) (some []Moving) {
	for len(a.left) > 0 && len(some) < n {
		c := a.left[0]
		a.left = a.left[1:]
		if !c.hasEnded() && c.conn.Share() {
			some = append(some, Moving{c.key, c})
		}
	}
	return some
}

// Given notes that the other process has these clients and the copies of their descriptors.
func (a *Ahead) Given(some []Moving) {
	for _, m := range some {
		a.given[m.Key] = m.client
	}
}

// has reports whether the other process has c.
func (a *Ahead) has(c *client) bool { return a != nil && a.given[c.key] == c }

// table returns the table as the other process has it; nil: it has nothing.
func (a *Ahead) table() *rows.State {
	if a == nil {
		return nil
	}
	return &a.State().Table
}

// Encode writes the state for DecodeAhead.
func (s *AheadState) Encode(w io.Writer) error { return gob.NewEncoder(w).Encode(s) }

// DecodeAhead reads what Encode has written. The error wraps ErrBadState.
func DecodeAhead(r io.Reader) (*AheadState, error) { return decoded[AheadState](r) }

// EncodeClients writes the fixed part of clients for DecodeClients.
func EncodeClients(some []Moving) ([]byte, error) {
	all := make([]ClientFixed, len(some))
	for i, m := range some {
		all[i] = m.client.fixed()
	}
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(&all)
	return b.Bytes(), err
}

// DecodeClients reads what EncodeClients has written. The error wraps ErrBadState.
func DecodeClients(b []byte) ([]ClientFixed, error) {
	all, err := decoded[[]ClientFixed](bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return *all, nil
}

func decoded[T any](r io.Reader) (*T, error) {
	v := new(T)
	if err := gob.NewDecoder(r).Decode(v); err != nil {
		return nil, badState("read %T: %w", *v, err)
	}
	return v, nil
}
