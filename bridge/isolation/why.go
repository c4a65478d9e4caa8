package isolation

import (
	"fmt"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Why returns the reason why a handler's events run as they do. Handlers of the same event, such as the two of a close, run the same way, so
// the reason may be in another handler.
func (a *Application) Why(kind protocol.Kind, handler string) protocol.Cause {
	m, reason := a.RunMode(kind), a.changes
	if m.Whole {
		reason = a.whole
	}
	if m.Alone {
		if cause := a.first(kind, handler, reason); cause != nil {
			return *cause
		}
	}
	return protocol.Cause{Why: a.cfg.Origin(handler)}
}

// first returns the reason for a handler, or else for another handler of its event, or else nil.
func (a *Application) first(kind protocol.Kind, handler string, reason func(string, protocol.Handler) *protocol.Cause) *protocol.Cause {
	if own := reason(handler, a.Handlers[handler]); own != nil {
		return own
	}
	for _, other := range kind.Handlers() {
		if h, ok := a.Handlers[other]; ok {
			if c := reason(other, h); c != nil {
				return &protocol.Cause{Why: fmt.Sprintf("shares its turn with %s: %s", other, c.Why), File: c.File, Line: c.Line}
			}
		}
	}
	return nil
}

// whole returns why a handler gets all rows, and therefore runs alone; nil if it gets only its own client's.
func (a *Application) whole(name string, h protocol.Handler) *protocol.Cause {
	switch mode, overridden := a.cfg.mode(name); mode {
	case PerConnection:
		if overridden || !protocol.IsServerHandler(name) {
			return nil
		}
		return &protocol.Cause{Why: "an event of the server"}
	case Auto:
		if h.Table == nil && !a.Settled() {
			// opcache may still run the code from before the change, and what that can reach is not known.
			return &protocol.Cause{Why: "its code has just changed"}
		}
		return h.Table
	}
	return &protocol.Cause{Why: a.cfg.Origin(name)}
}

// changes returns why a handler runs alone even if it does not get all rows: it may change a global variable. Nil: it does not.
func (a *Application) changes(_ string, h protocol.Handler) *protocol.Cause {
	names := a.living(slices.Clone(h.Writes)...)
	if len(names) == 0 {
		return h.AnyGlobal
	}
	g := a.Global(names[0])
	return &protocol.Cause{Why: fmt.Sprintf("may write $%s, which lives", names[0]), File: g.File, Line: g.Line}
}
