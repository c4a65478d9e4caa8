// Package bridge holds the clients of a wsbridge server: it accepts their WebSocket connections, keeps their rows, brings
// every event to PHP in the right order and applies what PHP answers.
//
// The way of an event through the files of this package:
//
//	door.go, preamble.go, doorman.go, tls.go    a connection comes in, if there is room for it
//	request.go, handshake.go                    a client comes in, if package admission and PHP let it
//	socket, idle.go                             its frames are good, and not too many, or end its connection
//	reader.go, raw.go, bridge.go                something happens
//	backlog.go                                  it finds room, or its client is turned away
//	mailbox.go                                  it waits for the earlier events of the same client
//	plan.go, application.go, describe.go        what its handler's code can reach decides how it runs
//	turn.go, session.go, gate.go                it waits for its turn among all clients, in the lane of its kind
//	dispatch.go, exchange.go                    it goes to PHP, and again while php-fpm is away
//	apply.go                                    PHP's effects become sends, closes and changed rows
//	socket                                      what is sent waits for the client's socket
//
// What an operator sees and does: operator.go and inject.go (clients, messages, documents), pause.go, and trace.go with
// tail.go, history.go and incidents.go (what became of events), tally.go (how many).
//
// # Order
//
// Events of one client run one at a time, in the order of arrival. In isolation "auto" those whose handlers can reach nothing
// but the row of their own client run beside others and see that row only; all others run alone and see all rows. In
// isolation "serial" every event runs alone, in "connection" those of clients run side by side whatever they reach. A
// handler that writes a global variable that lives runs alone in each of them.
//
// # Lifetimes
//
// Bridge.Serve owns every goroutine: one reader per client, and a runner or a writer per client only while there is
// something to run or write. It returns after the last of them has ended.
package bridge
