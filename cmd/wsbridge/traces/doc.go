// Package traces sends a span of each event to a collector, by OpenTelemetry's Go SDK and OTLP over HTTP. It implements observe.Tracer.
//
// Spans wait in the SDK's queue, and its goroutine sends them in batches. No event ever waits for that: spans without room are dropped,
// counted and logged. The SDK itself would drop them without a word, so room is taken for all spans of an event before they go there.
//
// Start reads the environment variables of OpenTelemetry for what its Config does not say, as the SDK does: headers, certificates,
// resource attributes, the times and sizes of batches. It may be called once in a process, since the SDK's own log is one per process.
package traces
