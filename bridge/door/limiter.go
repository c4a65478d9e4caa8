package door

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// limitError says which limit keeps a connection out.
type limitError struct {
	key  string          // of the limit in the configuration
	why  outcome.Refusal // RefusedCrowded: the limit is of one address (RFC 6585, section 4)
	text string
}

func (e *limitError) Error() string { return e.text }

var (
	errFull        = &limitError{"max_connections", outcome.RefusedBusy, "too many connections"}
	errRate        = &limitError{"handshake_rate", outcome.RefusedBusy, "too many handshakes a second"}
	errAddressFull = &limitError{"max_connections_per_address", outcome.RefusedCrowded, "too many connections of one address"}
	errAddressRate = &limitError{"handshake_rate_per_address", outcome.RefusedCrowded, "too many handshakes a second of one address"}
)

// Limits bound how many connections there are and how fast they come. Zero is no limit.
type Limits struct {
	Connections, PerAddress int // open at the same time, handshakes included
	Rate, RatePerAddress    int // handshakes per second, on average
	Burst, BurstPerAddress  int // handshakes at once, if fewer came before; at least 1 with a rate
	IPv6Prefix              int // how many bits of an IPv6 address count: a client has a whole network of them
}

// maxAddresses bounds the memory for addresses without a connection to some 15 MB. Beyond it new addresses only have to keep to the
// limits of the whole server: a client with so many addresses is not stopped by limits of one.
const maxAddresses = 1 << 16

// Limiter counts connections. Its methods may be called concurrently.
type Limiter struct {
	mu        sync.Mutex // guards the fields below
	limits    Limits
	all       *rate.Limiter
	count     int
	addresses map[netip.Prefix]*address
	swept     time.Time
}

// address counts the connections from one address, or one IPv6 network.
type address struct {
	connections int
	bucket      *rate.Limiter
}

// NewLimiter returns a Limiter without connections.
func NewLimiter(l Limits) *Limiter {
	return &Limiter{limits: l, all: bucket(l.Rate, l.Burst), addresses: map[netip.Prefix]*address{}}
}

func bucket(perSecond, burst int) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(burst, 1))
}

// SetLimits replaces the limits. Open connections stay, even if there are too many now, and count where they were counted. A changed
// rate starts with its whole burst.
func (l *Limiter) SetLimits(limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.limits
	l.limits = limits
	if limits.Rate != before.Rate || limits.Burst != before.Burst {
		l.all = bucket(limits.Rate, limits.Burst)
	}
	if limits.RatePerAddress != before.RatePerAddress || limits.BurstPerAddress != before.BurstPerAddress {
		for _, from := range l.addresses {
			from.bucket = bucket(limits.RatePerAddress, limits.BurstPerAddress)
		}
	}
}

// Connections returns how many slots are taken.
func (l *Limiter) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// slot is the place of one connection, among all and among those of its address. Its methods may be called concurrently.
type slot struct {
	limiter *Limiter

	// Guarded by the limiter's mu.
	assigned bool         // to prefix
	prefix   netip.Prefix // a client's address; not valid for a trusted proxy
	from     *address     // where the slot counts; nil: nowhere, since addresses have no limits, or there are too many
	released bool
}

// acquire takes a slot for a connection whose client is not known yet. The error is a *limitError; without one the caller releases the
// slot.
func (l *Limiter) acquire() (*slot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limits.Connections > 0 && l.count >= l.limits.Connections {
		return nil, errFull
	}
	l.count++
	return &slot{limiter: l}, nil
}

// assign counts the slot for the client at a, and no longer for an earlier one: a proxy's connection may carry requests of several.
// The error is a *limitError, after which the slot counts for nobody. A handshake over a limit of its address is not counted against
// the rate of the whole server.
func (s *slot) assign(a netip.Addr, now time.Time) error {
	l := s.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	prefix := l.prefix(a)
	if s.released || s.assigned && prefix == s.prefix {
		return nil
	}
	l.unassign(s)
	from := l.address(prefix, now)
	switch {
	case from != nil && l.limits.PerAddress > 0 && from.connections >= l.limits.PerAddress:
		return errAddressFull
	case from != nil && !from.bucket.AllowN(now, 1):
		return errAddressRate
	case !l.all.AllowN(now, 1):
		return errRate
	}
	if from != nil {
		from.connections++
	}
	s.prefix, s.assigned, s.from = prefix, true, from
	return nil
}

// release gives the slot back. It may be called again.
func (s *slot) release() {
	l := s.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.released {
		return
	}
	s.released = true
	l.count--
	l.unassign(s)
}

// unassign is called with mu held.
func (l *Limiter) unassign(s *slot) {
	if s.from != nil {
		s.from.connections--
	}
	s.assigned, s.from = false, nil
}

// prefix is called with mu held.
func (l *Limiter) prefix(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() && l.limits.IPv6Prefix > 0 {
		bits = l.limits.IPv6Prefix
	}
	p, _ := a.Prefix(bits) // fails only for more bits than an address has
	return p
}

// address returns the count of prefix; nil if it is not limited, or if there are too many addresses. It is called with mu held.
func (l *Limiter) address(prefix netip.Prefix, now time.Time) *address {
	if l.limits.PerAddress == 0 && l.limits.RatePerAddress == 0 || !prefix.IsValid() {
		return nil
	}
	if from := l.addresses[prefix]; from != nil {
		return from
	}
	if len(l.addresses) >= maxAddresses && now.Sub(l.swept) > time.Second { // a sweep looks at each
		l.sweep(now)
	}
	if len(l.addresses) >= maxAddresses {
		return nil
	}
	from := &address{bucket: bucket(l.limits.RatePerAddress, l.limits.BurstPerAddress)}
	l.addresses[prefix] = from
	return from
}

// Sweep forgets addresses without connections whose bucket is full again. The caller calls it now and then.
func (l *Limiter) Sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
}

func (l *Limiter) sweep(now time.Time) {
	l.swept = now
	for prefix, from := range l.addresses {
		if from.connections == 0 && from.bucket.TokensAt(now) >= float64(from.bucket.Burst()) {
			delete(l.addresses, prefix)
		}
	}
}
