#!/bin/bash
# OpenTelemetry's Go SDK v1.47.0: spans that do not fit into the queue of its batch processor are dropped, and nobody is told.
#
# The processor counts them for itself. Neither the error handler (otel.SetErrorHandler) nor the logger (otel.SetLogger, at
# its usual level) hears of it, and both ForceFlush and Shutdown succeed, although only a part of the spans was exported.
. "$(dirname "$0")/lib/phpfpm.sh"

echo "OpenTelemetry's Go SDK v1.47.0, Go module go.opentelemetry.io/otel/sdk"
mkdir "$dir/program"
cat >"$dir/program/main.go" <<'GO'
package main

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
)

// exporter takes its time for the first batch, as a collector may.
type exporter struct {
	taken   int
	proceed chan struct{}
}

func (e *exporter) ExportSpans(_ context.Context, spans []trace.ReadOnlySpan) error {
	<-e.proceed
	e.taken += len(spans)
	return nil
}

func (e *exporter) Shutdown(context.Context) error { return nil }

func main() {
	errors := 0
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) { errors++ }))
	e := &exporter{proceed: make(chan struct{})}
	provider := trace.NewTracerProvider(trace.WithBatcher(e, trace.WithMaxQueueSize(100), trace.WithMaxExportBatchSize(10)))
	for range 1000 {
		_, span := provider.Tracer("x").Start(context.Background(), "x")
		span.End()
	}
	close(e.proceed)
	fmt.Println("flush:", provider.ForceFlush(context.Background()))
	fmt.Println("shutdown:", provider.Shutdown(context.Background()))
	fmt.Println("errors:", errors)
	fmt.Println("lost:", e.taken <= 120)
}
GO
(
	cd "$dir/program"
	export GOMODCACHE="$dir/modules" GOFLAGS=-modcacherw GOWORK=off
	go mod init program && go get go.opentelemetry.io/otel@v1.47.0 go.opentelemetry.io/otel/sdk/trace@v1.47.0 && go build -o program .
) >"$dir/go.log" 2>&1 || { cat "$dir/go.log" >&2; exit 2; }
seen=$(timeout 60 "$dir/program/program" 2>"$dir/stderr") || { cat "$dir/stderr" >&2; exit 2; }

expect "of 1000 spans, at most 120 are exported" "$(field lost <<<"$seen")" true
expect "error of ForceFlush" "$(field flush <<<"$seen")" "<nil>"
expect "error of Shutdown" "$(field shutdown <<<"$seen")" "<nil>"
expect "calls of the error handler" "$(field errors <<<"$seen")" 0
expect "lines on standard error" "$(wc -l <"$dir/stderr" | tr -d ' ')" 0
