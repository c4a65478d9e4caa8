package admission

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Why somebody does not come in. The first two are of the whole server, the others of one address.
var (
	ErrFull        = errors.New("too many connections")
	ErrRate        = errors.New("too many handshakes a second")
	ErrAddressFull = errors.New("too many connections of one address")
	ErrAddressRate = errors.New("too many handshakes a second of one address")
)

// Limits bound who comes in. Zero is no limit.
type Limits struct {
	Connections, PerAddress int // open at the same time, those in their handshake among them
	Rate, RatePerAddress    int // handshakes per second
	Burst, BurstPerAddress  int // handshakes at once, if there were fewer before; at least 1 where there is a rate
	IPv6Prefix              int // the bits of an IPv6 address that make it one: whoever has a network has all of them
}

// maxAddresses bounds the memory for addresses that have no connection, some 15 MB. Whoever has more to come from is stopped
// by no limit per address, so beyond it newcomers only have to keep to those of the whole server.
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

// address is what is known of those that come from one.
type address struct {
	connections int
	bucket      *rate.Limiter
}

// NewLimiter returns a limiter without connections.
func NewLimiter(l Limits) *Limiter {
	return &Limiter{limits: l, all: bucket(l.Rate, l.Burst), addresses: map[netip.Prefix]*address{}}
}

func bucket(perSecond, burst int) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(burst, 1))
}

// SetLimits puts other limits in the place of those before. Connections that are open stay, however many, and count for where
// they were counted; a changed rate begins with its whole burst.
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

// Connections returns how many there are.
func (l *Limiter) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Seat is a connection's place among all, and among those of its address. Its methods may be called concurrently.
type Seat struct {
	limiter *Limiter

	// Guarded by the limiter's mu.
	prefix netip.Prefix
	taken  bool     // by somebody at prefix
	from   *address // who is counted there; nil: nobody counts
	left   bool
}

// Enter makes room for a connection, whoever it is. The error is ErrFull; without one, the caller leaves the seat.
func (l *Limiter) Enter() (*Seat, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limits.Connections > 0 && l.count >= l.limits.Connections {
		return nil, ErrFull
	}
	l.count++
	return &Seat{limiter: l}, nil
}

// Take makes the seat that of a client at a, which a proxy's connection may do again for another. The error is ErrAddressFull,
// ErrAddressRate or ErrRate, after which the seat is nobody's. An address over its own limits takes nothing from the rate of
// all.
func (s *Seat) Take(a netip.Addr, now time.Time) error {
	l := s.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	prefix := l.prefix(a)
	if s.left || s.taken && prefix == s.prefix {
		return nil
	}
	l.release(s)
	from := l.address(prefix, now)
	switch {
	case from != nil && l.limits.PerAddress > 0 && from.connections >= l.limits.PerAddress:
		return ErrAddressFull
	case from != nil && !from.bucket.AllowN(now, 1):
		return ErrAddressRate
	case !l.all.AllowN(now, 1):
		return ErrRate
	}
	if from != nil {
		from.connections++
	}
	s.prefix, s.taken, s.from = prefix, true, from
	return nil
}

// Leave gives the seat back. It may be called again.
func (s *Seat) Leave() {
	l := s.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.left {
		return
	}
	s.left = true
	l.count--
	l.release(s)
}

// release is called with mu held.
func (l *Limiter) release(s *Seat) {
	if s.from != nil {
		s.from.connections--
	}
	s.taken, s.from = false, nil
}

// prefix is called with mu held.
func (l *Limiter) prefix(a netip.Addr) netip.Prefix {
	a = Plain(a)
	bits := a.BitLen()
	if a.Is6() && l.limits.IPv6Prefix > 0 {
		bits = l.limits.IPv6Prefix
	}
	p, _ := a.Prefix(bits) // fails only for bits that no address has
	return p
}

// address returns what is known of prefix, or nil if nothing needs to be, or there is no room. It is called with mu held.
func (l *Limiter) address(prefix netip.Prefix, now time.Time) *address {
	if l.limits.PerAddress == 0 && l.limits.RatePerAddress == 0 || !prefix.IsValid() {
		return nil
	}
	if from := l.addresses[prefix]; from != nil {
		return from
	}
	if len(l.addresses) >= maxAddresses && now.Sub(l.swept) > time.Second { // a sweep looks at all of them
		l.sweep(now)
	}
	if len(l.addresses) >= maxAddresses {
		return nil
	}
	from := &address{bucket: bucket(l.limits.RatePerAddress, l.limits.BurstPerAddress)}
	l.addresses[prefix] = from
	return from
}

// Sweep forgets the addresses that nothing has to be known of any more.
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
