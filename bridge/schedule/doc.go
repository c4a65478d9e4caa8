// Package schedule decides when events run. It does not know what an event is, only that it has terms, a size and a Run method.
//
// A Queue holds the events of one client, or of the server, in order and runs them one at a time. The Scheduler decides among all queues:
// an event runs alone, or together with others up to a limit. An event that waits is an entry in a list and costs no goroutine; a
// goroutine that has run one event goes on with the next. A Backlog limits the events of all clients together, and an Outage tells all
// events at once that php-fpm is away.
//
// Only package bridge uses it. All methods may be called concurrently unless they say otherwise. Methods that block say so.
package schedule
