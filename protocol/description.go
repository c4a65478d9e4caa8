package protocol

import (
	"encoding/json"
	"slices"
	"strings"
)

// Description is what the PHP half reports of the application's code and of the PHP that runs it.
type Description struct {
	// Handlers are the existing handler functions by name.
	Handlers HandlerSet `json:"handlers"`
	// Globals are the application's global variables that its functions may write, by name without the dollar sign.
	Globals GlobalSet `json:"globals,omitempty"`
	PHP     string    `json:"php"`  // PHP's version
	User    string    `json:"user"` // the user that runs handlers; empty where PHP cannot tell
	// Presence says that PHP can read the file that tells who is open.
	Presence bool `json:"presence,omitempty"`
	// Watch are files of the application that only handlers include. From now on they are part of Code.
	Watch []string `json:"watch,omitempty"`
	// Yield is what has to be left to the application, see WSBRIDGE_YIELD, for a file that only a handler includes.
	Yield []string `json:"yield,omitempty"`
	// Statics are static variables and properties, which start anew in each event.
	Statics []Cause `json:"statics,omitempty"`
	// Code is the fingerprint of the files described, as Done.Code.
	Code string `json:"-"`
	// Warnings are for the operator: a log folder that cannot be written, a missing extension.
	Warnings []string `json:"warnings,omitempty"`
}

// Handler is one handler function, and what its code can reach, itself or through what it can call. What could not be
// proven otherwise counts as reached.
type Handler struct {
	Params int `json:"params"` // how many parameters its author declared
	// Table says why it needs the rows of all clients; nil: it reaches no row but its own client's.
	Table *Cause `json:"table,omitempty"`
	// Sockets says why it needs $sockets or $server; nil: it does not look at them.
	Sockets *Cause `json:"sockets,omitempty"`
	// Peers says that it may send to clients other than its own, and so needs to know who is open.
	Peers bool `json:"peers,omitempty"`
	// Reads and Writes are the application's global variables it may read, or write (which may read them, too).
	Reads  []string `json:"reads,omitempty"`
	Writes []string `json:"writes,omitempty"`
	// AnyGlobal says why it may read and write global variables that cannot be named, as $GLOBALS[$name] does.
	AnyGlobal *Cause `json:"any_global,omitempty"`
}

// Global is a global variable of the application.
type Global struct {
	// Lives says that its value is to survive from event to event.
	Lives bool `json:"lives"`
	Cause      // why it lives, or cannot
}

// Cause is a reason, and the place in the application's code that gives it.
type Cause struct {
	Why  string `json:"why"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// HandlerSet is handlers by name.
type HandlerSet map[string]Handler

// UnmarshalJSON reads an object; an empty array stands for an empty object, as PHP writes it.
func (h *HandlerSet) UnmarshalJSON(data []byte) error {
	if string(data) == "[]" {
		*h = nil
		return nil
	}
	return json.Unmarshal(data, (*map[string]Handler)(h))
}

// GlobalSet is global variables by name.
type GlobalSet map[string]Global

// UnmarshalJSON reads an object; an empty array stands for an empty object, as PHP writes it.
func (g *GlobalSet) UnmarshalJSON(data []byte) error {
	if string(data) == "[]" {
		*g = nil
		return nil
	}
	return json.Unmarshal(data, (*map[string]Global)(g))
}

// Has reports whether an event of kind k needs PHP at all.
func (d *Description) Has(k Kind) bool {
	return slices.ContainsFunc(k.Handlers(), func(name string) bool {
		_, ok := d.Handlers[name]
		return ok
	})
}

// Settled reports whether the code described is certainly the code that runs. For some seconds after a file has changed,
// opcache may run what it was before (opcache.revalidate_freq); its fingerprint ends with Uncertain until then.
func (d *Description) Settled() bool { return !strings.HasSuffix(d.Code, Uncertain) }

// AsSettled returns the description as it will be once it is settled.
func (d Description) AsSettled() *Description {
	d.Code = strings.TrimSuffix(d.Code, Uncertain)
	return &d
}

// Uncertain ends the fingerprint of code that may still run as it was before.
const Uncertain = "+"
