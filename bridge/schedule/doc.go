// Package schedule gives events their turn. It knows nothing of what an event is: to it, that is something to Run.
//
// A Queue holds the events of one client, or of the server, in order and runs them one at a time. The Scheduler decides among all
// queues: an event runs alone, or beside as many others as its width allows. An event that waits is a position in a list and costs no
// goroutine; a goroutine that has run an event goes on with the next one that is let in. A Backlog bounds the events of all clients
// together, and an Outage is known to all who wait for php-fpm.
//
// Package bridge is the only user. All methods may be called concurrently; those that block say so.
package schedule
