// Package metrics has wsbridge's metrics for Prometheus. Package serve makes one Metrics, gives it to the bridge as its Observer, and
// its Handler to the control API. Observing never blocks; a scrape waits for php-fpm, for a bounded time.
//
// Names follow https://prometheus.io/docs/practices/naming/: base units, _total for counts, a label only if its values are few and known
// in advance. Every counter is therefore in the first answer, as 0, so that the first time something happens is an increase too.
//
// What the bridge counts for the control API is not counted again: a collector asks for it with each scrape. Metrics counts only what an
// Observer is told. docs/metrics.md lists all metrics, and a test compares it with the answer.
package metrics
