package bridge

import (
	"fmt"
	"strings"
	"time"
)

// explain returns the error of a Freeze that began then and has failed with err: it says what has not ended.
func (f *Frozen) explain(err error, began time.Time) error {
	const most = 3
	found := f.bridge.unended()
	if len(found) == 0 {
		return err
	}
	more := ""
	if n := len(found) - most; n > 0 {
		found, more = found[:most], fmt.Sprintf(", and %d more", n)
	}
	return fmt.Errorf("%w: after %v there still is %s%s", err, time.Since(began).Round(time.Millisecond), strings.Join(found, ", "), more)
}

// unended says which events have begun and not ended, and which clients have not come in or left.
func (b *Bridge) unended() (found []string) {
	since := func(t time.Time) time.Duration { return time.Since(t).Round(time.Millisecond) }
	if e, ok := b.events.Begun().(*queuedEvent); ok {
		found = append(found, fmt.Sprintf("%s of the server, which came %v ago", e.kind, since(e.since)))
	}
	for _, c := range b.clients.all() {
		e, runs := c.events.Begun().(*queuedEvent)
		switch {
		case runs:
			found = append(found, fmt.Sprintf("%s of client %d, which came %v ago", e.kind, c.key, since(e.since)))
		case !c.upgraded.Load():
			found = append(found, fmt.Sprintf("the handshake of client %d, which came %v ago", c.key, since(time.UnixMicro(c.connectedAt))))
		case c.hasEnded() && b.Paused():
			found = append(found, fmt.Sprintf("the close event of client %d, which waits for the end of the pause", c.key))
		case c.hasEnded():
			found = append(found, fmt.Sprintf("the close event of client %d", c.key))
		}
	}
	return found
}
