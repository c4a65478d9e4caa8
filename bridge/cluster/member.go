package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how a machine takes part.
type Options struct {
	Name      string        // what people know the machine by
	Lease     time.Duration // how long a machine that is silent counts as a member; the default is 6 s, and all have the same
	Settle    time.Duration // how long a new state waits for machines that know of the one before; the default is Lease
	Observer  bool          // it never leads
	KeyBlock  int           // keys taken at once, the default is 64: more makes the order of keys over machines coarser
	MaxLog    int           // entries kept for a member that lags, the default is 100,000; one that lags more has to resync
	Note      func() string // called before each beat for what others show of this machine; it must not wait
	Logger    *slog.Logger
	beatEvery time.Duration
}

const (
	defaultLease    = 6 * time.Second
	defaultKeyBlock = 64
	defaultMaxLog   = 100_000
)

func (o Options) withDefaults() Options {
	o.Lease = cmp.Or(o.Lease, defaultLease)
	o.Settle = cmp.Or(o.Settle, o.Lease)
	o.KeyBlock = cmp.Or(o.KeyBlock, defaultKeyBlock)
	o.MaxLog = cmp.Or(o.MaxLog, defaultMaxLog)
	o.beatEvery = o.Lease / 4 // three may fail
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Note == nil {
		o.Note = func() string { return "" }
	}
	return o
}

// Member is this machine's part in the cluster. It joins again by itself after its lease has ended and after the engine has lost
// something. Its methods may be called concurrently, but Read, which is for one goroutine.
type Member struct {
	engine  Engine
	options Options
	token   string
	ctx     context.Context // ends with Close, and when the machine is expelled
	cancel  context.CancelCauseFunc
	owned   sync.WaitGroup // the beats and the writer
	closing sync.Once
	poked   chan struct{} // has an entry when the next beat is due at once
	appends chan *appending
	keys    keyBlock

	read     atomic.Uint64 // the offset up to which the reader has done what the log says
	offset   uint64        // of the reader: the last that it has returned
	resynced uint64        // of the reader: the epoch that it reads for

	mu         sync.Mutex
	id         Identity
	start      uint64 // the offset where its part of the log begins
	view       View
	known      Marks
	heldTo     time.Duration // since boot: until when the lease is held
	standsFrom time.Duration // since boot: from when on it would lead
	changed    chan struct{} // closed when any of these changes

	cancelRead context.CancelFunc // of the read under way
}

// Start joins the cluster, and waits until that has happened or ctx ends. While the engine is away or settling it tries again. The member
// has to be closed, before the engine.
func Start(ctx context.Context, engine Engine, o Options) (*Member, error) {
	m := &Member{
		engine: engine, options: o.withDefaults(), token: rand.Text(),
		poked: make(chan struct{}, 1), appends: make(chan *appending, maxWaiting), changed: make(chan struct{}),
	}
	m.keys.init()
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	if err := m.join(ctx); err != nil {
		m.cancel(err)
		return nil, err
	}
	m.owned.Go(m.beats)
	m.owned.Go(m.write)
	return m, nil
}

// Close leaves the cluster, so that nobody waits for the lease to end; what waits returns ErrClosed. It waits for that until ctx ends.
// After the first call it does nothing.
func (m *Member) Close(ctx context.Context) (err error) {
	m.closing.Do(func() { err = m.close(ctx) })
	return err
}

func (m *Member) close(ctx context.Context) error {
	m.cancel(ErrClosed)
	m.owned.Wait()
	if m.Err() != ErrClosed { // nothing is left to leave
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return m.engine.Leave(ctx, m.Identity())
}

// Done is closed when the member has been closed or expelled. Err tells which.
func (m *Member) Done() <-chan struct{} { return m.ctx.Done() }

// Err is nil until Done is closed, then ErrClosed or ErrExpelled.
func (m *Member) Err() error { return context.Cause(m.ctx) }

// Identity returns the present membership.
func (m *Member) Identity() Identity {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.id
}

// View returns how things were at the last beat, and a channel that is closed when there is another view.
func (m *Member) View() (View, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view, m.changed
}

// Held tells whether this machine still holds its lease, as far as it can know by itself: without asking the engine, and also right
// after the process or the whole machine was frozen. What matters is refused by the engine all the same.
func (m *Member) Held() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return sinceBoot() < m.heldTo
}

// Leads returns the term in which this machine leads, or 0. It is for deciding what to begin; AppendAs decides what counts.
func (m *Member) Leads() (term uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.view.Leader != m.id.Number || sinceBoot() >= m.heldTo {
		return 0
	}
	return m.view.Term
}

// Poke makes the next beat happen at once, for instance when the log says that there is no leader.
func (m *Member) Poke() { signal(m.poked) }

// Resign gives up the lead, in an orderly way: another machine is elected as soon as it reads so in the log. If there is none, this one
// leads again when a lease is over. After an error it may lead still.
func (m *Member) Resign(ctx context.Context) error {
	m.mu.Lock()
	m.standsFrom = sinceBoot() + m.options.Lease
	m.mu.Unlock()
	return m.engine.Resign(ctx, m.Identity())
}

// Expel gives up a machine whose lease has ended, for good, as the leader in term. Whatever the machine appends later is refused.
func (m *Member) Expel(ctx context.Context, term, machine uint64) error {
	return m.engine.Expel(ctx, m.Identity(), term, machine)
}

// signal leaves an entry in a channel with room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
