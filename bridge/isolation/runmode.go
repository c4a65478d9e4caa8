package isolation

import (
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// RunMode is how an event runs. It must not be changed.
type RunMode struct {
	Code  string // the code that the mode is for; empty: any
	Alone bool   // no other event runs at the same time
	Whole bool   // it gets all rows, not only its client's
	// What else it gets: the keys of open clients, $sockets, and the values of global variables that live.
	Open    bool
	Sockets bool
	Values  []string
	// Globals are the global variables that it may change; with AnyGlobal it may also change others, not named in the code.
	Globals   []string
	AnyGlobal bool
}

// RunMode returns how events of a kind run.
func (a *Application) RunMode(kind protocol.Kind) *RunMode { return a.modes[kind] }

// RunModeOfAnyCode returns the mode of an event that may run any code: alone and with everything, like all events of the original server.
func (a *Application) RunModeOfAnyCode() *RunMode {
	all := a.AllLiving()
	return &RunMode{Alone: true, Whole: true, Sockets: true, Values: all, Globals: all, AnyGlobal: true}
}

func (a *Application) newRunMode(kind protocol.Kind) *RunMode {
	if a.Varies() {
		return a.RunModeOfAnyCode()
	}
	m := &RunMode{Code: a.Code}
	for _, name := range kind.Handlers() {
		if h, ok := a.Handlers[name]; ok {
			m.join(a, name, h)
		}
	}
	return m
}

// join extends m for one more handler.
func (m *RunMode) join(a *Application, name string, h protocol.Handler) {
	m.Whole = m.Whole || a.whole(name, h) != nil
	m.Open = m.Open || h.Peers && !a.Presence
	m.Sockets = m.Sockets || h.Sockets != nil
	m.Globals = a.living(append(m.Globals, h.Writes...)...)
	m.Values = a.living(slices.Concat(m.Values, h.Reads, h.Writes)...)
	if h.AnyGlobal != nil {
		m.Values, m.AnyGlobal = a.AllLiving(), true
	}
	// If two events changed the same variable at the same time, one would undo the other's change.
	m.Alone = m.Whole || m.AnyGlobal || len(m.Globals) > 0
}
