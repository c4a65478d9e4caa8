package fastcgi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Log attributes of PHP's messages.
const (
	keyFile = "file"
	keyLine = "line"
)

// maxPrinted is how much an error quotes of what PHP printed in place of an answer.
const maxPrinted = 400

// Describe asks what the application's code can do, and blocks like Run. If the application defines a helper function itself,
// Describe yields that name and asks again. All later requests yield the names that it found, in place of earlier ones, since
// the code may have changed. A *protocol.Failure says that the application's code failed; other errors are those of Run.
func (c *Client) Describe(ctx context.Context) (*protocol.Description, error) {
	d := &protocol.Description{}
	yielded, err := c.introspect(ctx, protocol.Describe, d, d)
	if err != nil {
		return nil, fmt.Errorf("describe application: %w", err)
	}
	c.params.setDescribed(described{yielded: yielded, watched: d.Watch, copy: c.copySettings(d), server: d.Server})
	return d, nil
}

// Inspect asks for what the application's owner should know about its code. It changes nothing for later requests. Its errors are
// those of Describe.
func (c *Client) Inspect(ctx context.Context) (*protocol.Inspection, error) {
	i := &protocol.Inspection{}
	if _, err := c.introspect(ctx, protocol.Inspect, i, &i.Description); err != nil {
		return nil, fmt.Errorf("inspect application: %w", err)
	}
	return i, nil
}

// introspect runs an event that asks about the code, and decodes its result into result, of which d is a part. It returns what
// had to be yielded to the application, as later requests have to.
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

// decodeResult reads the last effect of an introspection, and returns what has to be yielded in another attempt.
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

// addYielded adds the names of more that are new, and reports whether there are any.
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
	var printed string
	event := protocol.Event{Kind: kind, Seq: 1}
	err := c.run(ctx, c.params.encode(described{yielded: yielded}), func(e *protocol.Effect) error {
		if e.Last() {
			last = e
		}
		printed = cmp.Or(printed, e.Stray[:min(len(e.Stray), maxPrinted)])
		c.log(e)
		return nil
	}, []*protocol.Event{&event})
	if err != nil && printed != "" {
		err = fmt.Errorf("%w: php printed %q", err, printed)
	}
	return last, err
}

// log logs an effect of an introspection.
func (c *Client) log(e *protocol.Effect) {
	switch {
	case e.Log != nil:
		log := c.cfg.Logger
		if e.Log.File != "" {
			log = log.With(keyFile, e.Log.File, keyLine, e.Log.Line)
		}
		log.Log(context.Background(), e.Log.Severity(), e.Log.Message)
	case e.Stray != "":
		c.cfg.Logger.Warn("php printed", keyText, e.Stray)
	}
}
