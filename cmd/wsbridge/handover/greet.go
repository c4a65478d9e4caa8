package handover

import (
	"context"
	"encoding/json"
	"fmt"
)

// Hello is what the two processes tell each other first.
type Hello struct {
	Format  int    `json:"format"`  // of everything that comes after it
	Version string `json:"version"` // of the program, for people
	PID     int    `json:"pid"`
}

const hello = "hello"

// Greet exchanges what both sides are, and blocks until the other one has told, or ctx ends. first says who begins: the old process. The error
// wraps ErrFormat if the other side has another format.
func (c *Channel) Greet(ctx context.Context, own Hello, first bool) (other Hello, err error) {
	body, err := json.Marshal(own)
	if err != nil {
		return other, err
	}
	if first {
		if err := c.Send(ctx, Message{Name: hello, Body: body}); err != nil {
			return other, err
		}
	}
	m, err := c.Receive(ctx)
	if err != nil {
		return other, err
	}
	defer m.Close()
	if err := json.Unmarshal(m.Body, &other); err != nil || m.Name != hello {
		return other, fmt.Errorf("the other process begins with %q %q: want %q", m.Name, m.Body, hello)
	}
	if !first { // also with another format, so that the other side knows it, too
		if err := c.Send(ctx, Message{Name: hello, Body: body}); err != nil {
			return other, err
		}
	}
	if other.Format != own.Format {
		return other, fmt.Errorf("%w: %s (process %d) in format %d, %s (process %d) in format %d", ErrFormat,
			own.Version, own.PID, own.Format, other.Version, other.PID, other.Format)
	}
	return other, nil
}
