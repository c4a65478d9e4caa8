package bridge

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
)

// handOver is what a hand-over and Serve tell each other.
type handOver struct {
	mu       sync.Mutex              // guards the fields below
	cancel   context.CancelCauseFunc // ends the wait of Freeze; nil: there is no hand-over
	listener *door.Listener          // set by Serve
	sources  *sources                // likewise

	released chan struct{} // closed by Frozen.Release
	restored *restored     // what Restore has left for Serve; nil: this process has not taken over
}

// Frozen is a Bridge that stands still so that another process can take over its clients. The caller calls either Thaw or Release, once. All other
// methods may be called any number of times before.
type Frozen struct {
	bridge  *Bridge
	undo    []func()  // to be called in the opposite order by Thaw
	cancel  func()    // ends the context of Freeze
	unlock  func()    // lets others replace the application; nil: they may
	stopped []*client // whose connections are not read
	ending  sync.Map  // of *client: those whose connections end, although that may not be noted yet
	ahead   *Ahead    // nil: the other process has got nothing
	state   *State
	moved   []*client // in the order of State.Clients
	moving  []Moving  // those of them that the other process has not got
	since   time.Time // when clients began to be held
	told    int       // clients that could not move

	once sync.Once // for Thaw and Release
}

// Moving is a client that can be taken over.
type Moving struct {
	Key    int64
	client *client
}

// Control calls f with the descriptor of the client's socket, which is valid only during the call. f may duplicate it or send it to another process.
// It must not change it, and must not read or write. The error says that the socket is closed.
func (m *Moving) Control(f func(fd uintptr)) error { return m.client.conn.Descriptor(f) }

// Freeze prepares to hand over to another process. It blocks until nothing runs any more, in this order:
//
//  1. No more connections are accepted: they wait in the kernel. Handshakes that have come, or come in the next moment, run to their end; one that
//     comes later on a connection that was accepted before is answered 503, and operators get ErrHandingOver.
//  2. Clients that cannot move, since wsbridge encrypts their connections or they are no WebSockets yet, end with outcome.EndedMoved, spread evenly
//     over the time spread, and their close events run.
//  3. The loop and the pipe's reader end; the cause of the pipe's context is ErrHandingOver. No message is read from clients any more.
//  4. Clients whose end has begun get their close events, after all that they sent before. So every client that leaves the application leaves it in
//     one process, and sockets that only wait for the other side's end need not move.
//  5. No event begins any more, and those that run end. Events that have not begun become data. A caller of Inject whose document is among them
//     gets ErrHandingOver, and the document is not handed over, since nobody would be told how it ended.
//
// The time that clients wait begins with step 3, and is bounded by hold if that is not 0. All steps together are bounded by ctx: if either is over,
// everything goes on as if Freeze had not been called, and the error says what has not ended. Other errors are ErrStarting after a moment, ErrStopping, ErrHandingOver if there
// is a hand-over already, and what a listener returns that cannot be paused: the one that Serve was given must have a method SetDeadline. Nothing is
// handed over while php-fpm is away, as events would have to wait for it in both processes.
//
// Until Thaw or Release, Reconfigure blocks, and so does the end of Serve. The caller bounds that time.
//
// ahead is what the other process has got before; nil: nothing.
func (b *Bridge) Freeze(ctx context.Context, spread, hold time.Duration, ahead *Ahead) (*Frozen, error) {
	ctx, f, err := b.beginHandOver(ctx)
	if err != nil {
		return nil, err
	}
	f.ahead = ahead
	if err := f.freeze(ctx, spread, hold); err != nil {
		f.Thaw()
		return nil, err
	}
	return f, nil
}

// State returns what the other process needs. It must not be changed.
func (f *Frozen) State() *State { return f.state }

// Clients returns those clients that the other process has not got ahead, in the order of State.Clients.
func (f *Frozen) Clients() []Moving { return f.moving }

// Moved returns how many clients the other process takes over.
func (f *Frozen) Moved() int { return len(f.moved) }

// Since returns when clients began to be held.
func (f *Frozen) Since() time.Time { return f.since }

// Told returns how many clients could not move and were told to connect again.
func (f *Frozen) Told() int { return f.told }

// Thaw gives the hand-over up: everything goes on as if there had been none, except that clients which could not move have ended. It does nothing
// after Release.
func (f *Frozen) Thaw() {
	f.once.Do(func() { f.undoTo(0) })
}

// Release says that the other process has taken over. That may begin to read and write as soon as the caller is certain to call Release, since
// nothing is read or written here meanwhile. It forgets the clients, whose sockets it closes here without ending their connections, and lets
// Serve return nil, after what was left behind: connections that only wait for the other side's end, and requests for pages, for at most
// Config.DrainTimeout. No more events run in this process, not even those of a shutdown, and Finalize runs none. It does nothing after Thaw.
func (f *Frozen) Release() { f.once.Do(f.release) }

// HandedOver reports whether another process has taken over.
func (b *Bridge) HandedOver() bool {
	select {
	case <-b.handOver.released:
		return true
	default:
		return false
	}
}

// isHandingOver reports whether a hand-over has begun.
func (b *Bridge) isHandingOver() bool { return errors.Is(b.entrance.why(), ErrHandingOver) }

// beginHandOver returns a Frozen that holds nothing but the right to hand over, and a context that ends with ctx or when Serve is to end.
func (b *Bridge) beginHandOver(ctx context.Context) (context.Context, *Frozen, error) {
	select {
	case <-b.serving:
	case <-time.After(startWait):
		return nil, nil, ErrStarting
	case <-ctx.Done():
		return nil, nil, ErrStarting
	}
	select {
	case b.handing <- struct{}{}:
	default:
		return nil, nil, cmp.Or(b.entrance.why(), ErrHandingOver)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	b.handOver.set(cancel)
	f := &Frozen{bridge: b, cancel: func() { cancel(nil) }}
	f.onThaw(func() { <-b.handing })
	f.onThaw(func() { b.handOver.set(nil); f.cancel() })
	return ctx, f, nil
}

func (f *Frozen) onThaw(undo func()) { f.undo = append(f.undo, undo) }

// undoTo undoes all but the first n things that Freeze has stopped.
func (f *Frozen) undoTo(n int) {
	for len(f.undo) > n {
		last := len(f.undo) - 1
		undo := f.undo[last]
		f.undo = f.undo[:last]
		undo()
	}
}

func (h *handOver) set(cancel context.CancelCauseFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cancel = cancel
}

// serve is called by Serve with what a hand-over has to stop.
func (h *handOver) serve(l *door.Listener, s *sources) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listener, h.sources = l, s
}

// endHandOver ends a Freeze, keeps others from beginning, and blocks until one that is there ends. It reports whether another process has taken over.
func (b *Bridge) endHandOver() (released bool) {
	b.handOver.mu.Lock()
	if b.handOver.cancel != nil {
		b.handOver.cancel(ErrStopping)
	}
	b.handOver.mu.Unlock()
	select {
	case b.handing <- struct{}{}:
		return false
	case <-b.handOver.released:
		return true
	}
}
