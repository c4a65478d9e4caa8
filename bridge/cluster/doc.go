// Package cluster is what several machines need to be one server: membership with leases, one order of what all of them see, a leader, and
// numbers that nobody has twice. It knows no clients, rows or events.
//
// # The engine
//
// Engine is the machines' shared memory, of which each method is one atomic step. Redis is the one there is: a step is a Lua script, so
// that steps happen in one order, by Redis' clock, and what one machine decides by is still true when it is written. The steps are in
// script/.
//
// What is kept, under a prefix for each application:
//
//	{prefix}:meta      the counters, who leads, and of which server's process all this is
//	{prefix}:leases    number of a machine → when its lease ends
//	{prefix}:members   what else is known of a member
//	{prefix}:log       the stream of entries, of which the offsets ascend by one
//	{prefix}:expelled  numbers of machines that were given up
//
// # Members
//
// A machine is a Member from Start to Close:
//
//	engine := cluster.OpenRedis(address, "shop")
//	m, err := cluster.Start(ctx, engine, cluster.Options{Name: "web1"}) // waits until it has joined
//	key, err := m.NextKey(ctx)                   // of a new connection
//	offset, err := m.Append(ctx, data)           // waits until it is in the log, once
//	offset, err = m.AppendAs(ctx, term, data)    // likewise, but only while this machine leads in term
//	entries, err := m.Read(ctx)                  // what all machines read, in the same order
//
// It has two goroutines, which Close waits for: one beats, joins again when it has to, and takes keys in advance; the other appends what
// has gathered while the batch before was on its way. Reading is the caller's goroutine. Nothing is kept for a slow reader but in the log.
//
// What is guaranteed, and by what:
//
//   - A machine's number is its own forever, and a key is one connection's: both come from counters, and from a state that is lost
//     counting goes on far above it.
//   - Who has lapsed knows. By itself, from a clock that goes on while the machine is suspended (Held, Leads), and before anything that it
//     writes is seen: a step with an epoch that has ended is refused.
//   - There is at most one leader in the log's order: entries of a term stand after the entry that begins it and before the next one,
//     since the step that appends looks at the term. So whoever has read up to the beginning of its own term knows all that leaders
//     before it did.
//   - An append that returns an offset is in the log once, however often it was sent, because the log knows each machine's last batch. One
//     that returns ErrUnknown is in it once or not at all.
//   - All read the same entries in the same order, or are told by ErrResync that some are missing: offsets ascend by one, and none is
//     given twice. The log keeps what the slowest member that holds its lease has not read, up to Options.MaxLog.
//
// A leader that leaves or resigns says so in the log, and the next one is elected at once; after one that vanished, when its lease has
// ended. A machine that is silent for longer than its lease comes back as the same one with a new epoch, unless the leader has called
// Expel: that is for good, and the leader does it before it acts for the machine that is gone.
//
// # When Redis is away
//
// Appends wait and are sent again, reads wait, NextKey goes on until its block is used up. Each machine's lease ends by its own clock;
// it joins again when Redis is back. Nothing is ever decided without Redis.
//
// # When Redis loses something
//
// Redis answers before a write is on a disk or at a replica. So after a restart or a failover counters may stand lower than what
// machines were told, and nothing in the data tells. Therefore each step compares the process that answers (its run_id) with the one
// that wrote, and refuses everything if they differ. Joining begins a new state then, with a generation of its own, an empty log, no
// members and no leader; the counters begin above the highest that is stored or that the machine has seen, with a distance that covers
// what others may have been given since. Before anything is given in it the state settles: machines that know the one before come back,
// keep their numbers, and raise the counters if they know higher ones. Who comes after something was given, and has numbers that may be
// among that, is expelled.
//
// Two servers that both take themselves for the master (one is cut off from its replicas and from Sentinel) are two clusters until one is
// demoted. Redis' setting min-replicas-to-write = 1 excludes that; Check warns without it.
package cluster
