// Package rows holds what handlers share: $connections, a row for each client, and the global variables that live from event to
// event.
//
// A Table changes in one way only, by Apply. It knows rows by their client keys and knows no client; package bridge, its only user,
// keeps those. What PHP reads of the rows is encoded in blocks and kept until a row of the block changes, so an event that needs all
// rows costs what has changed since the last one.
//
// All methods may be called concurrently. None blocks longer than it computes, but Apply may also write to the presence file, after it
// has let go of the table's lock.
package rows
