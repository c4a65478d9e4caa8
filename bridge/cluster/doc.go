// Package cluster is what several machines need to be one server: membership with leases, one order of what all of them see, a leader, and
// numbers that nobody has twice. It knows no clients, rows or events.
//
// # The engine
//
// Engine is the machines' shared memory, of which each method is one atomic step. Redis is the one there is: a step is a Lua script, so that
// steps happen in one order, by Redis' clock, and what one machine decides by is still true when it is written. The steps are in script/.
//
// What is kept, under a prefix for each application:
//
//	{prefix}:meta      the counters, who leads, and of which server's process all this is
//	{prefix}:leases    number of a machine → when its lease ends
//	{prefix}:members   what else is known of a member
//	{prefix}:log       the stream of entries, of which the offsets ascend by one
//	{prefix}:expelled  numbers of machines that were given up
//
// # When Redis loses something
//
// Redis answers before a write is on a disk or at a replica. So after a restart or a failover counters may stand lower than what machines were
// told, and nothing in the data tells. Therefore each step compares the process that answers (its run_id) with the one that wrote, and
// refuses everything if they differ. Joining begins a new state then, with a generation of its own, an empty log, no members and no leader;
// the counters begin above the highest that is stored or that the machine has seen, with a distance that covers what others may have been
// given since. Before anything is given in it the state settles: machines that know the one before come back, keep their numbers, and raise
// the counters if they know higher ones. Who comes after something was given, and has numbers that may be among that, is expelled.
//
// Two servers that both take themselves for the master (one is cut off from its replicas and from Sentinel) are two clusters until one is
// demoted. Redis' setting min-replicas-to-write = 1 excludes that; Check warns without it.
package cluster
