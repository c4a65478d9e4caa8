package isolation

import (
	"fmt"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Why returns the reason of how a handler's events run. Handlers of the same event, as the two of a close, share how they run: then
// the reason may be another one's.
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

// first returns the reason for the handler, else that for another handler of its event, else nil.
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

// whole returns why a handler gets the rows of all clients, and so runs alone; nil if it gets its own client's only.
func (a *Application) whole(name string, h protocol.Handler) *protocol.Cause {
	switch mode, overruled := a.cfg.mode(name); mode {
	case PerConnection:
		if overruled || !protocol.IsServerHandler(name) {
			return nil
		}
		return &protocol.Cause{Why: "an event of the server"}
	case Auto:
		if h.Table == nil && !a.Settled() {
			// opcache may still run the code as it was before a change, and nobody has read what that could reach.
			return &protocol.Cause{Why: "its code has just changed"}
		}
		return h.Table
	}
	return &protocol.Cause{Why: a.cfg.Origin(name)}
}

// changes returns which global variable a handler may change; nil if there is no such variable.
func (a *Application) changes(_ string, h protocol.Handler) *protocol.Cause {
	names := a.living(slices.Clone(h.Writes)...)
	if len(names) == 0 {
		return h.AnyGlobal
	}
	g := a.Global(names[0])
	return &protocol.Cause{Why: fmt.Sprintf("may write $%s, which lives", names[0]), File: g.File, Line: g.Line}
}
