package protocol

import (
	"slices"
	"strings"
)

// Description is what the PHP half reports about the application's code and about the PHP that runs it.
type Description struct {
	// Handlers are the existing handler functions by name.
	Handlers HandlerSet `json:"handlers"`
	// Globals are the global variables that the application's functions may write, by name without the dollar sign.
	Globals GlobalSet `json:"globals,omitempty"`
	PHP     string    `json:"php"`  // PHP's version
	User    string    `json:"user"` // the user that runs handlers; empty if PHP cannot tell
	// Presence says that PHP can read the file of WSBRIDGE_PRESENCE.
	Presence bool `json:"presence,omitempty"`
	// Watch are files of the application that only handlers include. Later requests name them in WSBRIDGE_WATCH, so that they
	// count for Code.
	Watch []string `json:"watch,omitempty"`
	// Yield is what has to be left to the application, see WSBRIDGE_YIELD, because of a file that only handlers include.
	Yield []string `json:"yield,omitempty"`
	// Statics are static variables and properties, which start over in each event.
	Statics []Cause `json:"statics,omitempty"`
	// Code is the fingerprint of the described files, like Done.Code.
	Code string `json:"-"`
	// Warnings are for the operator: a log folder that cannot be written to, a missing extension.
	Warnings []string `json:"warnings,omitempty"`
}

// Handler is a handler function and what its code can reach, directly or through functions that it can call. Where the analysis
// is not certain that something is not reached, it counts as reached.
type Handler struct {
	Params int `json:"params"` // how many parameters its author declared
	// Table says why it needs the rows of all clients. Nil: it reaches only the row of its own client.
	Table *Cause `json:"table,omitempty"`
	// Sockets says why it needs $sockets or $server. Nil: it does not look at them.
	Sockets *Cause `json:"sockets,omitempty"`
	// Peers says that it may send to other clients, and so needs to know who is open.
	Peers bool `json:"peers,omitempty"`
	// Reads and Writes are the application's global variables that it may read, and that it may read and write.
	Reads  []string `json:"reads,omitempty"`
	Writes []string `json:"writes,omitempty"`
	// AnyGlobal says why it may read and write global variables that cannot be named, as $GLOBALS[$name] does. Nil: it does not.
	AnyGlobal *Cause `json:"any_global,omitempty"`
}

// Global is a global variable of the application.
type Global struct {
	// Lives says that its value survives from event to event.
	Lives bool `json:"lives"`
	Cause      // why it lives, or why it cannot
}

// Cause is a reason and the place in the application's code where it was found.
type Cause struct {
	Why  string `json:"why"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// HandlerSet holds handlers by name.
type HandlerSet = object[string, Handler]

// GlobalSet holds global variables by name.
type GlobalSet = object[string, Global]

// Has reports whether the application has a handler for events of kind k.
func (d *Description) Has(k Kind) bool {
	return slices.ContainsFunc(k.Handlers(), func(name string) bool {
		_, ok := d.Handlers[name]
		return ok
	})
}

// Settled reports whether the described code is certain to be the code that runs. For some seconds after a file has changed,
// opcache may still run its old content (opcache.revalidate_freq). Until then the fingerprint ends with Uncertain.
func (d *Description) Settled() bool { return !strings.HasSuffix(d.Code, Uncertain) }

// AsSettled returns the description as it will be once it is settled.
func (d Description) AsSettled() *Description {
	d.Code = strings.TrimSuffix(d.Code, Uncertain)
	return &d
}

// Uncertain ends the fingerprint of code of which older content may still run.
const Uncertain = "+"
