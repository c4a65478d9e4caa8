package check

import (
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// How a handler's events run.
const (
	runsAlone  = "alone"  // nothing else runs meanwhile
	runsBeside = "beside" // events of other connections may
	runsBefore = "before" // in each event's request, before its handler
)

// Which rows a handler sees.
const (
	rowsAll  = "all"
	rowsOwn  = "own"  // its client's
	rowsNone = "none" // it has no client
)

// runMode is how a handler's events run, and why.
type runMode struct {
	Runs string `json:"runs"`
	Rows string `json:"rows"`
	protocol.Cause
}

// String returns the mode for people.
func (m runMode) String() string {
	runs := map[string]string{runsAlone: "alone", runsBeside: "beside others", runsBefore: "before each event"}[m.Runs]
	rows := map[string]string{rowsAll: ", with all rows", rowsOwn: ", own row only", rowsNone: ", without rows"}[m.Rows]
	if m.Runs == runsBefore {
		return runs
	}
	return runs + rows
}

// newRunMode returns how the events of a handler run. With php.initialize = "every", the PHP half runs ws_server_initialize in the request
// of each event.
func newRunMode(app *isolation.Application, initialize string, kind protocol.Kind, handler string) runMode {
	if kind == protocol.Initialize && initialize == "every" {
		return runMode{Runs: runsBefore, Rows: rowsNone, Cause: protocol.Cause{Why: `php.initialize = "every"`}}
	}
	m := runMode{Runs: runsBeside, Rows: rowsOwn, Cause: app.Why(kind, handler)}
	if app.RunMode(kind).Alone {
		m.Runs = runsAlone
	}
	switch {
	case app.RunMode(kind).Whole:
		m.Rows = rowsAll
	case protocol.IsServerHandler(handler):
		m.Rows = rowsNone
	}
	return m
}
