package fastcgi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Log attributes of what PHP says.
const (
	keyFile = "file"
	keyLine = "line"
)

// Describe asks what the application's code can do. While the answer is that the application brings a helper function
// itself, it yields that name and asks again; the names found are yielded to all later requests, in place of those
// before, since the code may have changed. A *protocol.Failure says that the application's code failed; other errors
// are those of Run.
func (c *Client) Describe(ctx context.Context) (*protocol.Description, error) {
	d := &protocol.Description{}
	yielded, err := c.introspect(ctx, protocol.Describe, d, d)
	if err != nil {
		return nil, fmt.Errorf("describe application: %w", err)
	}
	c.params.setDescribed(described{yielded: yielded, watched: d.Watch})
	return d, nil
}

// Inspect asks for all that the application's owner should know of its code. It changes nothing for later requests. Its
// errors are those of Describe.
func (c *Client) Inspect(ctx context.Context) (*protocol.Inspection, error) {
	i := &protocol.Inspection{}
	if _, err := c.introspect(ctx, protocol.Inspect, i, &i.Description); err != nil {
		return nil, fmt.Errorf("inspect application: %w", err)
	}
	return i, nil
}

// introspect runs an event that asks about the code, and decodes its result into result, of which d is a part. It returns
// what had to be yielded to the application for that, and has to be in later requests, too.
func (c *Client) introspect(ctx context.Context, kind protocol.Kind, result any, d *protocol.Description) (yielded []string, err error) {
	yielded = c.params.yieldedFiles()
	for {
		last, err := c.introspectOnce(ctx, kind, yielded)
		if err != nil {
			return nil, err
		}
		more, err := decodeResult(last, result, d)
		switch {
		case err != nil:
			return nil, err
		case addYielded(&yielded, more):
		case last.Failed != nil:
			return nil, last.Failed
		default:
			return yielded, nil
		}
	}
}

// decodeResult reads an introspection's last effect, and returns what is to be yielded for another try.
func decodeResult(last *protocol.Effect, result any, d *protocol.Description) (more []string, err error) {
	switch {
	case last.Done != nil:
		if err := json.Unmarshal(last.Done.Result, result); err != nil {
			return nil, fmt.Errorf("%w: %w", protocol.ErrMalformed, err)
		}
		d.Code = last.Done.Code
		return d.Yield, nil
	case last.Failed.Kind == protocol.FailedRedeclare && isYieldable(last.Failed.Name):
		return []string{last.Failed.Name}, nil
	}
	return nil, last.Failed
}

// addYielded adds what is new of more, and reports whether that is anything.
func addYielded(yielded *[]string, more []string) bool {
	before := len(*yielded)
	for _, name := range more {
		if isYieldable(name) && !slices.Contains(*yielded, name) && len(*yielded) < maxYielded {
			*yielded = append(*yielded, name)
		}
	}
	return len(*yielded) > before
}

// introspectOnce runs the event once and returns its last effect.
func (c *Client) introspectOnce(ctx context.Context, kind protocol.Kind, yielded []string) (*protocol.Effect, error) {
	var last *protocol.Effect
	event := protocol.Event{Kind: kind, Seq: 1}
	err := c.run(ctx, c.params.encode(described{yielded: yielded}), func(e *protocol.Effect) error {
		if e.Last() {
			last = e
		}
		c.log(e)
		return nil
	}, []*protocol.Event{&event})
	return last, err
}

// log writes what an event of the client's own had to say.
func (c *Client) log(e *protocol.Effect) {
	switch {
	case e.Log != nil:
		log := c.cfg.Logger
		if e.Log.File != "" {
			log = log.With(keyFile, e.Log.File, keyLine, e.Log.Line)
		}
		log.Log(context.Background(), level(e.Log.Level), e.Log.Message)
	case e.Stray != "":
		c.cfg.Logger.Warn("php printed", keyText, e.Stray)
	}
}

func level(name string) slog.Level {
	var l slog.Level
	if name == "warning" {
		return slog.LevelWarn
	}
	if l.UnmarshalText([]byte(name)) != nil {
		return slog.LevelInfo
	}
	return l
}
