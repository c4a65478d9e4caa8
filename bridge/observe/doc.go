// Package observe shows operators what a server does: a Trace of each event for everyone who has opened a Tail, the History of each client,
// the latest Incidents, and counts of messages. An Observer is told where the time goes, and a Sampler keeps the log short.
//
// Package bridge reports to it; the control API, the metrics and the dashboard read it. Everything may be called concurrently unless it
// says otherwise, and nothing blocks: a Tail that is not read in time misses events.
package observe
