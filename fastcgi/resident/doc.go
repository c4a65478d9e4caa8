// Package resident runs events in workers of php-fpm that stay: in processes that live as long as the original server's did.
//
// # A worker
//
// A worker is one FastCGI request to a pool of php-fpm for such workers. Its parameters name a unix socket of ours and a token. The
// PHP half connects to the socket, proves by the token that it is the worker that was asked for, loads the application when it is told
// to, and runs the events that it reads there until it is told to leave or the socket ends. The request itself stays open, for the log and as a sign
// of life.
//
// On the socket, an event is the line and the blocks of package protocol, and the answer is its effects. Events are written in
// batches, as many as may wait in PHP; PHP runs them in order. One goroutine reads the answers of a worker, carries out the effects
// and hands on what the end of an event releases.
//
// # The lane
//
// A Lane runs events one after the other in one worker, the alone worker, which holds $connections. It replaces that worker, between
// two events, when the code has changed, when it has grown too large, when it asks for that, or when an operator does; and it starts
// another when the worker has failed, since what a failed event has half changed must not be seen. A spare worker, which has
// connected and has not loaded the application, makes the change short.
//
// What a worker says that its events have changed is all that others know of its rows. PHP does not see each change, so when the worker
// is idle the lane has it compare a part of its rows with the copy of them, and goes round. Differences are applied as an event's changes are.
//
// An event that has ended is never run again. When a worker ends, the first event without an end may have begun, so it fails, unless the kernel
// tells that it was not read. That is told also while a program that a handler has left in the background keeps the worker's side of the
// connection open, if the worker's process is visible from here: not in another PID namespace. Those after the first had not begun, and go to
// the next worker in order.
//
// While no worker can be started, the lane runs events in requests of their own, one at a time, and tries again at growing intervals.
package resident
