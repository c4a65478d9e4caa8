// Package bridge joins its rooms to a server: it lets clients in, keeps their rows, runs every event in PHP in the right order and carries
// out what PHP answers.
//
// # The rooms
//
// Each is a package that knows neither bridge nor the other rooms, except for outcome, whose names all of them use:
//
//	door       listener, limits, PROXY protocol, TLS; in door/admission, which clients may come in
//	socket     one WebSocket on one connection
//	schedule   event queues, turns, sessions, the backlog, pauses and outages
//	isolation  how the events of an application run, and why
//	rows       $connections and the global variables that live
//	observe    what operators see of events
//	outcome    endings, refusals and outcomes by name
//
// # The way of a text message
//
//	reader.go       reads it with package socket, which checks its frames
//	queuedevent.go  queues it as an event of its client
//	schedule        gives the event a turn
//	dispatcher.go   runs it as package isolation says
//	exchange.go     sends it to PHP with the rows that it may see, again if php-fpm is away (outage.go)
//	eventsends.go   keeps what has to come after the messages of another event, see sendorder.go
//	apply.go        carries out PHP's effects: sends, closes and log lines; package socket writes them
//	record.go       reports the event to package observe
//
// If each event is a request of its own, texts and binary messages that wait may share one: shared.go, instead of exchange.go.
//
// The events of clients that connect (handshake.go), read (readevents.go) and end (ending.go) go the same way, and so do the events of the
// server (serverevents.go) and documents of the control API (inject.go).
//
// # Order
//
// Events of one client run one at a time, in the order of their arrival. In isolation mode "auto" an event runs beside others, with its own
// row only, if its handlers can reach no other row; every other event runs alone, with all rows. In mode "serial" every event runs alone. In
// mode "connection" events of different clients run beside each other, whatever they reach. In every mode a handler that writes a global
// variable that lives runs alone.
//
// With resident workers these rules are those of the lane (lane.go): its events run in one order, in one process, which keeps all rows. Events
// that reach their own row only run outside of it while their handlers take long (place.go), beside each other and beside the lane's, but not
// beside events of the lane that run alone.
//
// All clients see messages to several of them in one order. What one event sends to others than its own client stays together: of events that
// run beside each other, the one that sends to others first goes on, and what the others send to others is kept until it ends. A message of
// the control API is no event: it waits for none, and may come between.
//
// # Lifetimes
//
// Serve owns all goroutines: a reader for each client, and one for each event that runs. A writer exists only while a client's socket does
// not take what it is sent. Serve returns after all of them have ended.
//
// # Hand-over
//
// Another process can take over the clients, for example that of a new binary. In the old one, Freeze (handover.go, freeze.go) stands everything
// still, and Frozen has what moves: a State (handoverstate.go), and the descriptors of the clients' sockets. In the new one, Prepare gets ready
// before that, Restore (restore.go) takes the state, and Serve goes on with it once the old one has called Release. Until then, Thaw undoes it all.
package bridge
