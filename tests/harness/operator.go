package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// Operator asks a control API as the commands do.
type Operator struct{ *api.Client }

// NewOperator returns an operator of the server at that address. The test's end closes it.
func NewOperator(tb testing.TB, address, token string) Operator {
	tb.Helper()
	c, err := api.NewClient(address, token)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return Operator{c}
}

func (o Operator) post(ctx context.Context, path, contentType string, body []byte) error {
	return o.Do(ctx, api.Call{Method: http.MethodPost, Path: path, Type: contentType, Body: body}, nil)
}

func get[T any](ctx context.Context, o Operator, path string, query url.Values) (*T, error) {
	return api.Ask[T](ctx, o.Client, api.Call{Method: http.MethodGet, Path: path, Query: query})
}

// Status asks for the server's state.
func (o Operator) Status(ctx context.Context) (*api.Status, error) {
	return get[api.Status](ctx, o, "/v1/status", nil)
}

// Connections lists connections.
func (o Operator) Connections(ctx context.Context, query url.Values) (*api.Connections, error) {
	return get[api.Connections](ctx, o, "/v1/connections", query)
}

// Connection shows a connection.
func (o Operator) Connection(ctx context.Context, key int64) (*api.ConnectionDetails, error) {
	return get[api.ConnectionDetails](ctx, o, fmt.Sprintf("/v1/connections/%d", key), nil)
}

// Errors asks for the recent failures.
func (o Operator) Errors(ctx context.Context) (*api.Errors, error) {
	return get[api.Errors](ctx, o, "/v1/errors", nil)
}

// Series asks for the last ten minutes.
func (o Operator) Series(ctx context.Context) (*api.Series, error) {
	return get[api.Series](ctx, o, "/v1/series", nil)
}

// Workers asks for the resident workers.
func (o Operator) Workers(ctx context.Context) (*api.Residents, error) {
	return get[api.Residents](ctx, o, "/v1/workers", nil)
}

// Recycle has the alone worker replaced.
func (o Operator) Recycle(ctx context.Context) (*api.Recycled, error) {
	return api.Ask[api.Recycled](ctx, o.Client, api.Call{Method: http.MethodPost, Path: "/v1/workers/recycle"})
}

// LogLevel asks for the level of the log.
func (o Operator) LogLevel(ctx context.Context) (*api.Log, error) {
	return get[api.Log](ctx, o, "/v1/log", nil)
}

// SetLogLevel changes the level of the log.
func (o Operator) SetLogLevel(ctx context.Context, level string) error {
	return o.Do(ctx, api.Call{Method: http.MethodPut, Path: "/v1/log", Body: fmt.Appendf(nil, `{"level":%q}`, level)}, nil)
}

// messageType returns the Content-Type of a message.
func messageType(binary bool) string {
	if binary {
		return "application/octet-stream"
	}
	return "text/plain; charset=utf-8"
}

// Send sends a message to one connection.
func (o Operator) Send(ctx context.Context, key int64, binary bool, message []byte) error {
	return o.post(ctx, fmt.Sprintf("/v1/connections/%d/send", key), messageType(binary), message)
}

// Broadcast sends a message to the open connections that query picks.
func (o Operator) Broadcast(ctx context.Context, query url.Values, binary bool, message []byte) (*api.Broadcast, error) {
	return api.Ask[api.Broadcast](ctx, o.Client,
		api.Call{Method: http.MethodPost, Path: "/v1/broadcast", Query: query, Type: messageType(binary), Body: message})
}

// CloseConnection closes one connection.
func (o Operator) CloseConnection(ctx context.Context, key int64, how api.Close) error {
	body, err := json.Marshal(how)
	if err != nil {
		return err
	}
	return o.post(ctx, fmt.Sprintf("/v1/connections/%d/close", key), "application/json", body)
}

// Fifo brings a document to ws_server_fifo. A timeout of 0 is the server's default.
func (o Operator) Fifo(ctx context.Context, document []byte, timeout time.Duration) (*api.Fifo, error) {
	query := url.Values{}
	if timeout > 0 {
		query.Set("timeout", timeout.String())
	}
	return api.Ask[api.Fifo](ctx, o.Client, api.Call{Method: http.MethodPost, Path: "/v1/fifo", Query: query, Body: document})
}

// Pause keeps events from running until Resume.
func (o Operator) Pause(ctx context.Context) error { return o.post(ctx, "/v1/pause", "", nil) }

// Resume ends a pause.
func (o Operator) Resume(ctx context.Context) error { return o.post(ctx, "/v1/resume", "", nil) }

// Drain starts the shutdown.
func (o Operator) Drain(ctx context.Context) error { return o.post(ctx, "/v1/drain", "", nil) }

// Upgrade has another process take over, of the program at the path; empty: that which runs.
func (o Operator) Upgrade(ctx context.Context, program string) (*api.Upgraded, error) {
	body, err := json.Marshal(api.Upgrade{Program: program})
	if err != nil {
		return nil, err
	}
	return api.Ask[api.Upgraded](ctx, o.Client, api.Call{Method: http.MethodPost, Path: "/v1/upgrade", Type: "application/json", Body: body})
}

// Reload has the server read its configuration again.
func (o Operator) Reload(ctx context.Context) (*api.Reloaded, error) {
	return api.Ask[api.Reloaded](ctx, o.Client, api.Call{Method: http.MethodPost, Path: "/v1/reload"})
}
