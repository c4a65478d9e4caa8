// Package metrics tells Prometheus what wsbridge does.
//
// Names follow https://prometheus.io/docs/practices/naming/: base units, _total for counts, a label only where its values are few
// and known beforehand. Every counter therefore stands in the first answer, with 0, and the first time that something happens is
// an increase like any other.
//
// What the bridge counts itself for the control API is not counted again: a collector asks for it with each scrape. What only an
// Observer gets to know is counted by Metrics.
//
// docs/metrics.md has them all, and a test keeps it true.
package metrics
