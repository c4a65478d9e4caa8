// Package rows holds what handlers share: $connections, with a row for each client, and the global variables that live from event to
// event.
//
// A Table changes only through Apply. It knows rows by their keys and knows no clients; package bridge, its only user, has those. What
// PHP reads of the rows is encoded in blocks and kept until a row of the block changes, so that an event that needs all rows costs only
// what has changed since the last one.
//
// All methods may be called concurrently. None blocks, except that Apply may write to the presence file, without the table's lock.
package rows
