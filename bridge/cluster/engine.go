package cluster

import (
	"context"
	"time"
)

// Engine is the memory that the machines of a cluster share. Each call is one atomic step on it, in one order for all machines, with the
// engine's clock. Errors are those of this package; with ErrAway a step may have happened. It may be used concurrently.
type Engine interface {
	// Join makes a machine a member, or one again. It returns the offset of the log's entry that says so; what is before it is of no use to
	// the machine.
	Join(ctx context.Context, c Claim) (id Identity, offset uint64, err error)
	// Beat renews the lease, elects a leader if there is none, trims the log, and tells how things are.
	Beat(ctx context.Context, id Identity, p Pulse) (View, error)
	// TakeKeys takes the next n keys of connections, and returns the last of them.
	TakeKeys(ctx context.Context, id Identity, n int) (last int64, err error)
	// Append appends a batch at once, or not at all, and returns the offset of its first entry. A batch that is in the log already is not
	// appended again.
	Append(ctx context.Context, id Identity, b Batch) (first uint64, err error)
	// Read returns at most n entries after an offset, and waits for the first; none, if there is none in time.
	Read(ctx context.Context, after uint64, n int, wait time.Duration) ([]Entry, error)
	// Resign ends this machine's term as leader, if it has one.
	Resign(ctx context.Context, id Identity) error
	// Leave ends the membership.
	Leave(ctx context.Context, id Identity) error
	// Expel gives up a machine whose lease has ended. Only the leader of a term that goes on may.
	Expel(ctx context.Context, id Identity, term, number uint64) error
}

// Identity is a membership. All of it changes when the machine joins again, but the number.
type Identity struct {
	Generation string // of the state; a new one when the engine has lost some of it
	Number     uint64 // of the machine, from 1, never given twice
	Epoch      uint64 // counts the machine's memberships
}

// Claim is what a machine brings that joins. Of one that joins for the first time it is Token and Name.
type Claim struct {
	Identity        // the last one
	Token    string // random, one for the life of the process
	Name     string
	Lease    time.Duration
	Settle   time.Duration // how long a new state waits for machines that know of the one before
	Known    Marks
	Expelled []uint64 // machines that the claimer knows to have been given up
}

// Marks are the highest numbers that have been seen. A state that has been lost begins anew far above them.
type Marks struct {
	Machine, Term, Offset uint64
	Key                   int64
}

// raise sets each mark to the higher one.
func (m *Marks) raise(o Marks) {
	m.Machine, m.Term, m.Offset, m.Key = max(m.Machine, o.Machine), max(m.Term, o.Term), max(m.Offset, o.Offset), max(m.Key, o.Key)
}

// Pulse is what a machine says with each beat.
type Pulse struct {
	Read      uint64 // the offset up to which it has done what the log says
	Candidate bool   // it would lead
	Lease     time.Duration
	MaxLog    int    // entries that the log keeps for a member that lags
	Note      string // what others show of it
}

// View is how things are, as of a beat.
type View struct {
	Marks    Marks
	Leader   uint64 // its number, or 0
	Term     uint64 // the leader's
	Settling time.Duration
	Members  []Peer // in the order of their numbers
	Expelled []uint64
}

// Peer is a member in a view.
type Peer struct {
	Number, Epoch uint64
	Lease         time.Duration // what remains of it, negative if it has ended
	Read          uint64
	Name, Note    string
}

// Batch is what one machine appends at once. It never uses a Seq twice.
type Batch struct {
	Seq  uint64 // of the first entry, ascending
	Term uint64 // if not 0, it is appended only while this machine is the leader of this term
	Data [][]byte
}

// Kind tells what an entry says.
type Kind byte

// Kinds of entries. All but Data are written by the engine, in the order in which it happened.
const (
	Data     Kind = 'd'
	Joined   Kind = 'j' // the machine has joined, or joined again: Seq is its epoch, Data its name
	Left     Kind = 'q' // it has left in an orderly way
	Expelled Kind = 'x' // it was given up: Seq is its last epoch, or 0, and Term the term of the leader that did it
	Leads    Kind = 'l' // it is the leader from here on, in Term
	Resigned Kind = 'r' // it was the leader in Term
)

// Entry is one of the log.
type Entry struct {
	Offset uint64 // ascends by one
	Kind   Kind
	Number uint64 // of the machine
	Term   uint64 // as in Batch
	Seq    uint64
	Data   []byte
}
