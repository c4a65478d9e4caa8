package door

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// LimiterState is what a Limiter has counted, apart from the connections, for another process to go on with.
type LimiterState struct {
	Tokens    float64 // handshakes that may come at once, in the whole server
	Addresses []AddressState
}

// AddressState is what one address, or one IPv6 network, has left.
type AddressState struct {
	Prefix netip.Prefix
	Tokens float64 // handshakes that may come at once
}

// State returns what was counted of handshakes. Addresses that may use their whole burst are left out.
func (l *Limiter) State(now time.Time) LimiterState {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := LimiterState{Tokens: l.all.TokensAt(now)}
	for prefix, from := range l.addresses {
		if tokens := from.bucket.TokensAt(now); tokens < float64(from.bucket.Burst()) {
			s.Addresses = append(s.Addresses, AddressState{prefix, tokens})
		}
	}
	return s
}

// Restore makes a new Limiter go on where another was. Where the limits have changed since, each bucket is as full as they allow.
func (l *Limiter) Restore(s *LimiterState, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	drain(l.all, s.Tokens, now)
	for _, a := range s.Addresses {
		if from := l.address(a.Prefix, now); from != nil {
			drain(from.bucket, a.Tokens, now)
		}
	}
}

// drain takes from a full bucket what it has more than tokens.
func drain(bucket *rate.Limiter, tokens float64, now time.Time) {
	if more := int(float64(bucket.Burst()) - tokens); more > 0 && bucket.Limit() != rate.Inf {
		bucket.AllowN(now, min(more, bucket.Burst()))
	}
}

// Counted returns the address for which the connection counts; not valid: for none.
func (c *Conn) Counted() netip.Prefix {
	l := c.slot.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.slot.assigned {
		return netip.Prefix{}
	}
	return c.slot.prefix
}

// Inherit returns a connection that another process has accepted, and that is beyond its handshake, for the address that it counts for. It takes
// a slot even if there are too many. Closing it closes accepted.
func (l *Limiter) Inherit(accepted net.Conn, counted netip.Prefix, now time.Time) *Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	s := &slot{limiter: l, assigned: true, prefix: counted, from: l.address(counted, now)}
	if s.from != nil {
		s.from.connections++
	}
	return &Conn{Conn: accepted, kernel: kernelOf(accepted), slot: s}
}
