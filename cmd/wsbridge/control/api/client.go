package api

import (
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
	"strings"
	"time"
)

// dialTimeout bounds connecting; the caller's context bounds a request.
const dialTimeout = 5 * time.Second

// A call is made again at that interval while another process takes over, and not after that time: the server gives up long before.
const (
	againInterval = 50 * time.Millisecond
	againTime     = 5 * time.Minute
)

// maxAnswer bounds an answer that is read whole.
const maxAnswer = 256 << 20

// Client asks a running wsbridge. Its methods may be called concurrently and block until there is an answer or their context ends. Their
// error is an *Error if wsbridge has answered with one.
type Client struct {
	base   string
	token  string
	config string // see For
	http   *http.Client
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

// Call is a request of the control API.
type Call struct {
	Method, Path string
	Query        url.Values
	Type         string // of Body, as in Content-Type; may be empty
	Body         []byte
}

// Ask returns the decoded answer of a call.
func Ask[T any](ctx context.Context, c *Client, call Call) (*T, error) {
	answer := new(T)
	return answer, c.Do(ctx, call, answer)
}

// Do makes a call and decodes the answer into into, unless that is nil. While another process takes over it makes the call again, for at most
// againTime, since nothing was done.
func (c *Client) Do(ctx context.Context, call Call, into any) error {
	until := time.Now().Add(againTime)
	for {
		err := c.do(ctx, call, into)
		if e, ok := errors.AsType[*Error](err); !ok || !e.Again || time.Now().After(until) {
			return err
		}
		c.http.CloseIdleConnections() // which lead to the process before
		select {
		case <-time.After(againInterval):
		case <-ctx.Done():
			return err
		}
	}
}

func (c *Client) do(ctx context.Context, call Call, into any) error {
	response, err := c.send(ctx, call)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", call.Path, err)
	}
	return nil
}

// send returns an answer that is not an error. The caller closes its body.
func (c *Client) send(ctx context.Context, call Call) (*http.Response, error) {
	target := c.base + call.Path
	if len(call.Query) > 0 {
		target += "?" + call.Query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, target, bytes.NewReader(call.Body))
	if err != nil {
		return nil, err
	}
	if call.Type != "" {
		request.Header.Set("Content-Type", call.Type)
	}
	c.setPurpose(request.Header)
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

// Tail shows the events that query picks as they end, until ctx ends or the server. It returns once wsbridge watches the events, so that no
// event after that is missing. The caller ranges over the lines once; an error comes last.
func (c *Client) Tail(ctx context.Context, query url.Values) (iter.Seq2[*Line, error], error) {
	response, err := c.send(ctx, Call{Method: http.MethodGet, Path: "/v1/events", Query: query})
	if err != nil {
		return nil, err
	}
	return func(yield func(*Line, error) bool) {
		defer response.Body.Close()
		lines := json.NewDecoder(response.Body) // which skips the empty lines between events
		for {
			line := &Line{}
			err := lines.Decode(line)
			switch {
			case err == nil && yield(line, nil):
				continue
			case err != nil && ctx.Err() == nil && !errors.Is(err, io.EOF):
				yield(nil, fmt.Errorf("read events: %w", err))
			}
			return
		}
	}, nil
}
