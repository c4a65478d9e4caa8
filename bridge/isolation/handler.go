package isolation

import (
	"fmt"

	"github.com/wsbridge/wsbridge/protocol"
)

// How a handler's events run.
const (
	RunsAlone  = "alone"  // nothing else runs meanwhile; with resident workers in the alone worker, in one order
	RunsBeside = "beside" // events of other connections may; with resident workers if it takes long
	RunsBefore = "before" // in each event's request, before its handler; with resident workers when a worker starts
)

// Which rows a handler sees.
const (
	RowsAll  = "all"
	RowsOwn  = "own"  // its client's
	RowsNone = "none" // it has no client
)

// Handler is a handler function, and how its events run. Its JSON is that of the command check.
type Handler struct {
	Name           string `json:"name"` // such as "ws_server_text"
	Params         int    `json:"params"`
	Runs           string `json:"runs"`
	Rows           string `json:"rows"`
	protocol.Cause        // why it runs so
	Place          Place  `json:"-"`
}

// List returns all handlers, in the order of protocol.Kinds. place returns where events of a kind run: Place, or what is known in addition.
func (a *Application) List(place func(protocol.Kind) Place) []Handler {
	list := []Handler{}
	for _, kind := range protocol.Kinds() {
		for _, name := range kind.Handlers() {
			if h, ok := a.Handlers[name]; ok {
				list = append(list, a.listed(kind, name, h.Params, place(kind)))
			}
		}
	}
	return list
}

// listed returns how the events of a handler run. Unless Config.InitializeOnce is set, the PHP half runs ws_server_initialize in the request
// of each event.
func (a *Application) listed(kind protocol.Kind, name string, params int, place Place) Handler {
	if kind == protocol.Initialize && !a.cfg.InitializeOnce {
		return Handler{name, params, RunsBefore, RowsNone, protocol.Cause{Why: `php.initialize = "every"`}, place}
	}
	h := Handler{name, params, RunsBeside, RowsOwn, a.Why(kind, name), place}
	if a.RunMode(kind).Alone || place == AloneWorker {
		h.Runs = RunsAlone
	}
	switch {
	case a.RunMode(kind).Whole || place == AloneWorker:
		h.Rows = RowsAll
	case protocol.IsServerHandler(name):
		h.Rows = RowsNone
	}
	return h
}

// Mode returns for people how the handler's events run.
func (h *Handler) Mode() string {
	runs := map[string]string{RunsAlone: "alone", RunsBeside: "beside others", RunsBefore: "before each event"}[h.Runs]
	switch {
	case h.Place == OwnRequest, h.Place == BesideOthers && h.Runs == RunsBeside:
	case h.Runs == RunsBefore:
		runs = "when a worker starts"
	case h.Runs == RunsBeside:
		runs = "beside others if slow"
	default:
		return "in the alone worker, in one order"
	}
	rows := map[string]string{RowsAll: ", with all rows", RowsOwn: ", own row only", RowsNone: ", without rows"}[h.Rows]
	if h.Runs == RunsBefore {
		return runs
	}
	return runs + rows
}

// Cells returns the handler as a row of the table that people are shown: its name, its parameters, how its events run, and why.
func (h *Handler) Cells(f Folders) []string {
	params := fmt.Sprintf("%d parameters", h.Params)
	if h.Params == 1 {
		params = "1 parameter"
	}
	return []string{h.Name, params, h.Mode(), f.Cause(h.Cause)}
}
