package isolation

import (
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// RunMode is how an event runs. It must not be changed.
type RunMode struct {
	Handled bool   // the application has a handler for it
	Code    string // the code that the mode is for; empty: any
	Alone   bool   // no other event runs at the same time
	Whole   bool   // it gets all rows, not only its client's
	// Outside says that it does not run in the lane of the events that a resident worker runs one after the other.
	Outside bool
	// What else it gets: the keys of open clients, $sockets, and the values of global variables that live.
	Open    bool
	Sockets bool
	Values  []string
	// Globals are the global variables that it may change; with AnyGlobal it may also change others, not named in the code.
	Globals   []string
	AnyGlobal bool
	// First are the global variables that it gets and whose first values are not known yet. Linked says that several of Globals may hold the
	// same object.
	First  []string
	Linked bool
	// Beside says that it may run in another worker than the one that runs all events in one order, at the same time as others: it is proven
	// to reach its own row only, and to need nothing that only one process has. It is false if no workers stay.
	Beside bool
	// Shares says that it may share a request with events of other clients: none of them can see that another has run there before.
	// Parameters says that its handlers look at their client's parameters, or at its session.
	Shares     bool
	Parameters bool
}

// RunMode returns how events of a kind run.
func (a *Application) RunMode(kind protocol.Kind) *RunMode { return a.modes[kind] }

// RunModeOfAnyCode returns the mode of an event that may run any code: alone and with everything, like all events of the original server.
func (a *Application) RunModeOfAnyCode() *RunMode {
	all := a.AllLiving()
	return &RunMode{Alone: true, Whole: true, Sockets: true, Values: all, Globals: all, AnyGlobal: true, Linked: !a.cfg.Resident,
		First: a.Unknown(slices.Clone(all))}
}

func (a *Application) newRunMode(kind protocol.Kind) *RunMode {
	if a.Varies() {
		return a.RunModeOfAnyCode()
	}
	m := &RunMode{Code: a.Code, Outside: a.Has(kind), Beside: a.cfg.Resident && a.Has(kind), Shares: a.mayShare(kind)}
	for _, name := range kind.Handlers() {
		if h, ok := a.Handlers[name]; ok {
			m.join(a, name, h)
		}
	}
	m.addFirst(a)
	if kind == protocol.Process { // also without any handler
		m.Whole, m.Alone, m.Beside = true, true, false
	}
	m.Outside = m.Outside && !m.Alone
	m.Shares = m.Shares && !m.Alone
	return m
}

// join extends m for one more handler.
func (m *RunMode) join(a *Application, name string, h protocol.Handler) {
	m.Whole = m.Whole || a.whole(name, h) != nil
	mode, _ := a.cfg.mode(name)
	m.Outside = m.Outside && mode == PerConnection
	m.Open = m.Open || h.Peers && !a.Presence
	m.Sockets = m.Sockets || h.Sockets != nil
	m.Globals = a.living(append(m.Globals, h.Writes...)...)
	m.Values = a.living(slices.Concat(m.Values, h.Reads, h.Writes)...)
	if h.AnyGlobal != nil {
		m.Values, m.AnyGlobal = a.AllLiving(), true
	}
	// If two events changed the same variable at the same time, one would undo the other's change.
	m.Alone = m.Whole || m.AnyGlobal || len(a.notLost(m.Globals)) > 0
	m.Beside = m.Beside && !m.Alone && a.bound(name, h) == nil
	m.Shares = m.Shares && a.leavesNothing(name, h)
	m.Parameters = m.Parameters || h.Client
}

// addFirst adds the global variables that share something with those that the event may change, and those whose first values are not known: no
// other event may run until they are. A worker that stays keeps what variables share, and has told the first values when it was filled.
func (m *RunMode) addFirst(a *Application) {
	holders := a.holders()
	isHolder := func(name string) bool { return slices.Contains(holders, name) }
	if !a.cfg.Resident && (m.AnyGlobal || slices.ContainsFunc(m.Globals, isHolder)) {
		m.Globals = a.living(slices.Concat(m.Globals, holders)...)
		m.Values = a.living(slices.Concat(m.Values, holders)...)
		m.Linked = len(holders) > 1 || m.AnyGlobal
	}
	if m.First = a.Unknown(slices.Clone(m.Values)); len(m.First) > 0 {
		m.Alone = m.Alone || !a.cfg.Resident
		m.Beside = false
	}
}
