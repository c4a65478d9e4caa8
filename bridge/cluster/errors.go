package cluster

import "errors"

var (
	// ErrAway is returned when Redis cannot be reached, does not answer in time, or takes no writes just now. What was asked for may have
	// happened.
	ErrAway = errors.New("redis is away")

	// ErrFull is returned for an append when Redis has no memory left. Nothing was appended.
	ErrFull = errors.New("redis is full")

	// ErrSettling is returned while a new state waits for machines that remember the one before. It is over by itself.
	ErrSettling = errors.New("the cluster is settling")

	// ErrNotLeader is returned for an append with a term that has ended. Nothing was appended.
	ErrNotLeader = errors.New("not the leader")

	// ErrAlive is returned by Expel for a machine that holds its lease.
	ErrAlive = errors.New("machine holds its lease")

	// ErrLapsed is returned when this machine's lease has ended, another incarnation of it has joined, or the state is a new one. It joins
	// again by itself. Nothing was appended.
	ErrLapsed = errors.New("membership has lapsed")

	// ErrUnknown is returned by an append that may have happened or not.
	ErrUnknown = errors.New("outcome is unknown")

	// ErrExpelled is returned for good when the others have given this machine up: its clients must be closed, and it may start again with
	// a new number.
	ErrExpelled = errors.New("machine was expelled from the cluster")

	// ErrResync is returned by Read when entries were lost: what was built from the log has to be built anew.
	ErrResync = errors.New("entries of the log were lost")

	// ErrClosed is returned after Close.
	ErrClosed = errors.New("cluster is closed")
)
