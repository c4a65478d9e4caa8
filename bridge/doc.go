// Package bridge holds the clients of a wsbridge server: it accepts their WebSocket connections, keeps their rows, brings
// every event to PHP in the right order and applies what PHP answers.
//
// The way of an event through the files of this package:
//
//	guard.go                                    a client's frames are good, or end its connection
//	handshake.go, reader.go, raw.go, bridge.go  something happens
//	backlog.go                                  it finds room, or its client is turned away
//	mailbox.go                                  it waits for the earlier events of the same client
//	gate.go                                     it waits for its turn among all clients, in the lane of its kind
//	dispatch.go                                 it goes to PHP, and again while php-fpm is away
//	apply.go                                    PHP's effects become sends, closes and changed rows
//	outbox.go                                   what is sent waits for the client's socket
//
// # Order
//
// Events of one client run one at a time, in the order of arrival. In isolation "serial" events of different clients do
// not overlap either, and each sees all rows; a handshake's authenticate and open (or close) are one turn, as in the
// original server. In isolation "connection" clients run side by side and a client's event sees its own row only.
//
// # Lifetimes
//
// Bridge.Serve owns every goroutine: one reader per client, and a runner or a writer per client only while there is
// something to run or write. It returns after the last of them has ended.
package bridge
