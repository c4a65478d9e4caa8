// Package bridge joins its rooms to a server: it lets clients in, keeps their rows, brings every event to PHP in the right order and
// applies what PHP answers.
//
// # The rooms
//
// Each is a package that knows neither bridge nor the others, but for outcome, whose words all of them use:
//
//	door       listener, limits, PROXY protocol, TLS; in door/admission, who may come in
//	socket     one WebSocket on one connection
//	schedule   event queues, turns, sessions, the backlog, pause and outage
//	isolation  how the events of an application run, and why
//	rows       $connections and the global variables that live
//	observe    what operators see of events
//	outcome    endings, refusals and outcomes by name
//
// # The way of a text message
//
//	reader.go       reads it with package socket, which checks its frames
//	queuedevent.go  queues it as an event of its client
//	schedule        gives it its turn
//	dispatcher.go   has it run as package isolation says
//	exchange.go     brings it to PHP, with the rows it may see, again while php-fpm is away (outage.go)
//	apply.go        makes sends, closes and log lines of PHP's effects; package socket writes them
//	record.go       tells package observe how it went
//
// Events of clients that come (handshake.go), read (readevents.go) and end (ending.go) go the same way, and so do those of the server
// (serverevents.go) and documents of the control API (inject.go).
//
// # Order
//
// Events of one client run one at a time, in the order of arrival. In isolation mode "auto" an event runs beside others, and sees its own
// row only, if its handlers can reach no other row; every other event runs alone and sees all rows. In mode "serial" every event runs
// alone. In mode "connection" events of different clients run beside each other, whatever they reach. A handler that writes a global
// variable that lives runs alone in every mode.
//
// # Lifetimes
//
// Serve owns every goroutine: a reader for each client, and one for as many events as run at the same time. A writer exists only while a
// client's socket does not take what it is sent. Serve returns after the last of them has ended.
package bridge
