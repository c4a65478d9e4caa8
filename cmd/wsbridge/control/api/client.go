package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// dialTimeout bounds connecting; the caller's context bounds a request.
const dialTimeout = 5 * time.Second

// maxAnswer bounds an answer that is read whole.
const maxAnswer = 256 << 20

// Client asks a running wsbridge. Its methods may be called concurrently and block until there is an answer or their context ends. Their
// error is an *Error if wsbridge has answered with one.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// NewClient returns a client of the server that listens on address: "unix:/path", "host:port", or a URL with the path of
// control.public_path. The token may be empty. The caller closes the client.
func NewClient(address, token string) (*Client, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	transport := &http.Transport{DialContext: dialer.DialContext}
	c := &Client{token: token, http: &http.Client{Transport: transport}}
	path, isUnix := strings.CutPrefix(address, "unix:")
	switch {
	case isUnix:
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		}
		c.base = "http://localhost"
	case strings.HasPrefix(address, "http://"), strings.HasPrefix(address, "https://"):
		c.base = strings.TrimSuffix(address, "/")
	default:
		if _, _, err := net.SplitHostPort(address); err != nil {
			return nil, fmt.Errorf(`address %q: want "unix:/path", "host:port" or a URL`, address)
		}
		c.base = "http://" + address
	}
	return c, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do asks for path with a query and decodes the answer into into, unless that is nil. The other methods call it.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, contentType string, body []byte, into any) error {
	response, err := c.send(ctx, method, path, query, contentType, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer of %s: %w", path, err)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

// send returns an answer that is not an error. The caller closes its body.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, contentType string, body []byte) (*http.Response, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask wsbridge: %w", unwrapURL(err))
	}
	if response.StatusCode < http.StatusBadRequest {
		return response, nil
	}
	defer response.Body.Close()
	return nil, readError(response)
}

// unwrapURL removes the URL from an error: the one of a unix socket is meaningless.
func unwrapURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func readError(response *http.Response) error {
	e := &Error{Status: response.StatusCode}
	const most = 1 << 20
	text, _ := io.ReadAll(io.LimitReader(response.Body, most))
	if json.Unmarshal(text, e) != nil || e.Text == "" { // not wsbridge's own, or no JSON
		e.Text = strings.TrimSpace(fmt.Sprintf("%s: %.200s", response.Status, text))
	}
	return e
}

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (*T, error) {
	answer := new(T)
	return answer, c.Do(ctx, http.MethodGet, path, query, "", nil, answer)
}

func post[T any](ctx context.Context, c *Client, path string, query url.Values, contentType string, body []byte) (*T, error) {
	answer := new(T)
	return answer, c.Do(ctx, http.MethodPost, path, query, contentType, body, answer)
}

// Status asks for the server's state.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	return get[Status](ctx, c, "/v1/status", nil)
}

// ListQuery picks connections.
type ListQuery struct {
	State  string            // empty: any
	Row    map[string]string // by field; "an*" matches values that start with "an"
	Fields []string          // of the rows, in the answer
	After  int64             // only higher keys
	Limit  int               // 0: 100
}

// Filter returns the part of the query that POST /v1/broadcast takes.
func (q *ListQuery) Filter() url.Values {
	v := url.Values{}
	if q.State != "" {
		v.Set("state", q.State)
	}
	for name, value := range q.Row {
		v.Set("row."+name, value)
	}
	return v
}

func (q *ListQuery) values() url.Values {
	v := q.Filter()
	if len(q.Fields) > 0 {
		v.Set("fields", strings.Join(q.Fields, ","))
	}
	if q.After > 0 {
		v.Set("after", strconv.FormatInt(q.After, 10))
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return v
}

// Connections lists connections.
func (c *Client) Connections(ctx context.Context, q ListQuery) (*Connections, error) {
	return get[Connections](ctx, c, "/v1/connections", q.values())
}

// Connection shows one connection.
func (c *Client) Connection(ctx context.Context, key int64) (*ConnectionDetails, error) {
	return get[ConnectionDetails](ctx, c, connectionPath(key, ""), nil)
}

func connectionPath(key int64, what string) string {
	return "/v1/connections/" + strconv.FormatInt(key, 10) + what
}

func messageType(binary bool) string {
	if binary {
		return "application/octet-stream"
	}
	return "text/plain; charset=utf-8"
}

// Send sends a message to one connection.
func (c *Client) Send(ctx context.Context, key int64, binary bool, message []byte) error {
	_, err := post[Queued](ctx, c, connectionPath(key, "/send"), nil, messageType(binary), message)
	return err
}

// Broadcast sends a message to the open connections that q's State and Row pick.
func (c *Client) Broadcast(ctx context.Context, q ListQuery, binary bool, message []byte) (*Broadcast, error) {
	return post[Broadcast](ctx, c, "/v1/broadcast", q.Filter(), messageType(binary), message)
}

// CloseConnection closes one connection.
func (c *Client) CloseConnection(ctx context.Context, key int64, how Close) error {
	body, err := json.Marshal(how)
	if err != nil {
		return err
	}
	_, err = post[Closing](ctx, c, connectionPath(key, "/close"), nil, "application/json", body)
	return err
}

// Fifo brings a document to ws_server_fifo and waits until its event is over. A timeout of 0 is the server's default.
func (c *Client) Fifo(ctx context.Context, document []byte, timeout time.Duration) (*Fifo, error) {
	v := url.Values{}
	if timeout > 0 {
		v.Set("timeout", timeout.String())
	}
	return post[Fifo](ctx, c, "/v1/fifo", v, "application/octet-stream", document)
}

// Pause keeps events from running until Resume.
func (c *Client) Pause(ctx context.Context) error {
	_, err := post[Paused](ctx, c, "/v1/pause", nil, "", nil)
	return err
}

// Resume ends a pause.
func (c *Client) Resume(ctx context.Context) error {
	_, err := post[Paused](ctx, c, "/v1/resume", nil, "", nil)
	return err
}

// Drain starts the shutdown.
func (c *Client) Drain(ctx context.Context) error {
	_, err := post[Draining](ctx, c, "/v1/drain", nil, "", nil)
	return err
}

// Reload has the server read its configuration again.
func (c *Client) Reload(ctx context.Context) (*Reloaded, error) {
	return post[Reloaded](ctx, c, "/v1/reload", nil, "", nil)
}

// LogLevel asks for the level of the log.
func (c *Client) LogLevel(ctx context.Context) (*Log, error) {
	return get[Log](ctx, c, "/v1/log", nil)
}

// SetLogLevel changes the level of the log.
func (c *Client) SetLogLevel(ctx context.Context, level string) error {
	body, err := json.Marshal(Log{Level: level})
	if err != nil {
		return err
	}
	return c.Do(ctx, http.MethodPut, "/v1/log", nil, "application/json", body, nil)
}

// Errors asks for the recent failures.
func (c *Client) Errors(ctx context.Context) (*Errors, error) {
	return get[Errors](ctx, c, "/v1/errors", nil)
}

// Series asks for the last ten minutes.
func (c *Client) Series(ctx context.Context) (*Series, error) {
	return get[Series](ctx, c, "/v1/series", nil)
}

// TailQuery picks events; an empty list picks all.
type TailQuery struct {
	Clients  []int64
	Events   []string
	Payloads bool
}

func (q *TailQuery) values() url.Values {
	v := url.Values{}
	for _, key := range q.Clients {
		v.Add("client", strconv.FormatInt(key, 10))
	}
	for _, kind := range q.Events {
		v.Add("event", kind)
	}
	if q.Payloads {
		v.Set("payloads", "1")
	}
	return v
}

// Tail shows events as they end, until ctx ends or the server. It returns once wsbridge watches the events, so that no event after that is
// missing. The caller ranges over the lines once; an error comes last.
func (c *Client) Tail(ctx context.Context, q TailQuery) (iter.Seq2[*Line, error], error) {
	response, err := c.send(ctx, http.MethodGet, "/v1/events", q.values(), "", nil)
	if err != nil {
		return nil, err
	}
	return func(yield func(*Line, error) bool) {
		defer response.Body.Close()
		lines := bufio.NewReader(response.Body)
		for {
			text, err := lines.ReadBytes('\n')
			if err != nil {
				if ctx.Err() == nil && !errors.Is(err, io.EOF) {
					yield(nil, fmt.Errorf("read events: %w", err))
				}
				return
			}
			if len(bytes.TrimSpace(text)) == 0 {
				continue
			}
			line := &Line{}
			if err := json.Unmarshal(text, line); err != nil {
				yield(nil, fmt.Errorf("read events: %w", err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}, nil
}
