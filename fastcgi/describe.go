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
	var yielded []string
	for {
		last, err := c.describe(ctx, yielded)
		if err != nil {
			return nil, fmt.Errorf("describe application: %w", err)
		}
		if last.Done != nil {
			d, err := decodeDescription(last.Done)
			if err == nil {
				c.own.describe(yielded, d.Sockets)
			}
			return d, err
		}
		name := last.Failed.Name
		again := last.Failed.Kind == protocol.FailedRedeclare && isYieldable(name) &&
			!slices.Contains(yielded, name) && len(yielded) < maxYielded
		if !again {
			return nil, fmt.Errorf("describe application: %w", last.Failed)
		}
		yielded = append(yielded, name)
	}
}

// describe runs the event once and returns its last effect.
func (c *Client) describe(ctx context.Context, yielded []string) (*protocol.Effect, error) {
	var last *protocol.Effect
	event := protocol.Event{Kind: protocol.Describe, Seq: 1}
	err := c.run(ctx, c.server, c.own.encode(yielded, false), func(e *protocol.Effect) error {
		if e.Last() {
			last = e
		}
		c.log(e)
		return nil
	}, []*protocol.Event{&event})
	return last, err
}

func decodeDescription(done *protocol.Done) (*protocol.Description, error) {
	d := &protocol.Description{Code: done.Code}
	if err := json.Unmarshal(done.Result, d); err != nil {
		return nil, fmt.Errorf("describe application: %w: %w", protocol.ErrMalformed, err)
	}
	return d, nil
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
