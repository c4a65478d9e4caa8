package traces

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/wsbridge/wsbridge/bridge/observe"
)

// FlushTime is how long Close waits for the collector.
const FlushTime = 5 * time.Second

// defaultPath is where collectors receive traces (OTLP specification, "OTLP/HTTP Request").
const defaultPath = "/v1/traces"

// Config says where spans go.
type Config struct {
	Collector string  // its URL, http or https; without a path: /v1/traces
	Sample    float64 // the part of the traces that begin here which is kept, from 0 to 1
	Version   string  // of this program
	Logger    *slog.Logger
}

// Traces sends spans. Its methods may be called concurrently.
type Traces struct {
	provider *sdk.TracerProvider
	room     *room
	root     *tracer
	giveUp   context.CancelFunc // ends what the exporter does
}

// Start begins to send spans. It does not connect: a collector that is away is no error. The caller must call Close.
func Start(c Config) (*Traces, error) {
	endpoint, err := endpoint(c.Collector)
	if err != nil {
		return nil, err
	}
	otel.SetLogger(logr.FromSlogHandler(c.Logger.Handler()))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { c.Logger.Warn("traces", "error", err) }))
	life, giveUp := context.WithCancel(context.Background())
	sender, err := otlptracehttp.New(life, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		giveUp()
		return nil, fmt.Errorf("send traces to %s: %w", endpoint, err)
	}
	room := &room{log: c.Logger, collector: endpoint}
	provider := sdk.NewTracerProvider(
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(c.Sample))),
		sdk.WithResource(describe(c)),
		sdk.WithBatcher(&exporter{SpanExporter: sender, room: room, life: life}, sdk.WithMaxQueueSize(maxSpans)),
	)
	t := &Traces{provider: provider, room: room, giveUp: giveUp}
	t.root = &tracer{spans: provider.Tracer("github.com/wsbridge/wsbridge"), room: room, parent: context.Background()}
	return t, nil
}

func endpoint(collector string) (string, error) {
	u, err := url.Parse(collector)
	if err != nil {
		return "", fmt.Errorf("send traces to %s: %w", collector, err)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = defaultPath
	}
	return u.String(), nil
}

// describe returns what is said of this program with its spans. The environment (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) wins.
func describe(c Config) *resource.Resource {
	r, err := resource.New(context.Background(),
		resource.WithTelemetrySDK(), resource.WithHost(), resource.WithProcessPID(),
		resource.WithAttributes(attribute.String("service.name", "wsbridge"), attribute.String("service.version", c.Version)),
		resource.WithFromEnv())
	if err != nil { // r has the rest
		c.Logger.Warn("traces lack a part of what describes this server", "error", err)
	}
	return r
}

// Tracer returns the Tracer of events that belong to no trace of others.
func (t *Traces) Tracer() observe.Tracer { return t.root }

// Counts returns how many spans there have been.
func (t *Traces) Counts() Counts { return t.room.counts() }

// Close sends what waits, and returns after that, or FlushTime later. It may be called once, after the last event.
func (t *Traces) Close() {
	defer t.giveUp()
	defer time.AfterFunc(FlushTime, t.giveUp).Stop()
	if err := t.provider.Shutdown(context.Background()); err != nil {
		t.room.log.Warn("traces", "error", err)
	}
	t.room.logLost()
}
