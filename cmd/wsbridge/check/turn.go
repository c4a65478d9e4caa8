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

// turn is how a handler's events run, and why.
type turn struct {
	Runs string `json:"runs"`
	Rows string `json:"rows"`
	protocol.Cause
}

// String says it to a person.
func (t turn) String() string {
	runs := map[string]string{runsAlone: "alone", runsBeside: "beside others", runsBefore: "before each event"}[t.Runs]
	rows := map[string]string{rowsAll: ", with all rows", rowsOwn: ", own row only", rowsNone: ", without rows"}[t.Rows]
	if t.Runs == runsBefore {
		return runs
	}
	return runs + rows
}

// newTurn tells how the events of a handler run. The PHP half runs ws_server_initialize within the request of each event if it is to.
func newTurn(app *isolation.Application, initialize string, kind protocol.Kind, handler string) turn {
	if kind == protocol.Initialize && initialize == "every" {
		return turn{Runs: runsBefore, Rows: rowsNone, Cause: protocol.Cause{Why: `php.initialize = "every"`}}
	}
	t := turn{Runs: runsBeside, Rows: rowsOwn, Cause: app.Why(kind, handler)}
	if app.RunMode(kind).Alone {
		t.Runs = runsAlone
	}
	switch {
	case app.RunMode(kind).Whole:
		t.Rows = rowsAll
	case protocol.IsServerHandler(handler):
		t.Rows = rowsNone
	}
	return t
}
