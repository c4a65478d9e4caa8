// Package timing counts how long events take, once for everybody who shows it: package metrics tells Prometheus the counts since the
// start, and package control the dashboard the differences of two moments.
//
// Counting takes no lock and never blocks. Everything may be called concurrently.
package timing
