// Package observe is what operators see of a server's work: a Trace of each event, handed to those who Tail it, the History of a client,
// the Incidents of late, counts of messages, and a Sampler that keeps the log short. An Observer is told where time goes.
//
// Package bridge tells it what happens; the control API, the metrics and the dashboard read it. Everything may be called concurrently
// unless it says otherwise, and nothing blocks: who does not read a Tail in time misses events.
package observe
