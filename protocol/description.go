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
	// UID is the number of that user; nil if PHP cannot tell.
	UID *int `json:"uid,omitempty"`
	// Settings is the application's settings file as PHP code. A file with it spares each event from reading the settings. Empty: there are
	// no settings, or they have just changed. It has passwords.
	Settings []byte `json:"settings,omitempty"`
	// Presence says that PHP can read the file of the option presence.
	Presence bool `json:"presence,omitempty"`
	// Server says that the application may look at $_SERVER.
	Server bool `json:"server,omitempty"`
	// Shares says that a request may carry events of different clients.
	Shares bool `json:"shares,omitempty"`
	// Watch are files of the application that only handlers include. Later requests name them in the option watch, so that they
	// count for Code.
	Watch []string `json:"watch,omitempty"`
	// Yield is what has to be left to the application, see the option yield, because of a file that only handlers include.
	Yield []string `json:"yield,omitempty"`
	// Statics are static variables and properties, which start over in each event.
	Statics []Cause `json:"statics,omitempty"`
	// Mistakes are functions that are never called although they look like handlers, and handlers that cannot be given what they need.
	Mistakes []Cause `json:"mistakes,omitempty"`
	// Ahead says that the code was changed in PHP's future. Nil: it was not.
	Ahead *Ahead `json:"ahead,omitempty"`
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
	// Process says why it needs the one process that runs all events: it keeps, changes or depends on what only one process has, such
	// as a static variable or the locale. Nil: any process can run it.
	Process *Cause `json:"process,omitempty"`
	// Single says why each of its events has to have a request of its own: it looks at the request, acts on it as a whole, or leaves
	// something in it. Nil: it does not. Client says that it looks at what its client's handshake has brought, or at its session.
	Single *Cause `json:"single,omitempty"`
	Client bool   `json:"client,omitempty"`
	// AnyGlobal says why it may read and write global variables that cannot be named, as $GLOBALS[$name] does. Nil: it does not.
	AnyGlobal *Cause `json:"any_global,omitempty"`
}

// Global is a global variable of the application.
type Global struct {
	// Lives says that its value survives from event to event.
	Lives bool `json:"lives"`
	// Differs says that code outside of functions, or ws_server_initialize, would give it another value in each process.
	Differs bool `json:"differs,omitempty"`
	// Holds says that it may hold an object or a reference, which other variables may hold, too.
	Holds bool `json:"holds,omitempty"`
	Cause      // why it lives, or why it cannot
}

// Ahead is how the time of a change is ahead of PHP's clock, as on a file server with a clock of its own. Code stays uncertain until that
// clock has passed it, but opcache has looked at the files if they have been as they are for Wait seconds.
type Ahead struct {
	Why  string `json:"why"`
	Wait int    `json:"wait"`
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

// Has reports whether the application has a handler for events of kind k. For processes PHP has something to do even if there is none.
func (d *Description) Has(k Kind) bool {
	return k == Process || slices.ContainsFunc(k.Handlers(), d.HasHandler)
}

// HasHandler reports whether the application has a function of that name that is called for events.
func (d *Description) HasHandler(name string) bool {
	_, ok := d.Handlers[name]
	return ok
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
