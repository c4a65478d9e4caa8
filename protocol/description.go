package protocol

import (
	"encoding/json"
	"slices"
)

// Description is what the PHP half reports of the application's code and of the PHP that runs it.
type Description struct {
	// Handlers are the existing handler functions by name.
	Handlers HandlerSet `json:"handlers"`
	PHP      string     `json:"php"`  // PHP's version
	User     string     `json:"user"` // the user that runs handlers; empty where PHP cannot tell
	// PostMaxSize is php.ini's post_max_size in bytes, 0 for none: no request's body can be larger.
	PostMaxSize int64 `json:"post_max_size"`
	// Sockets says that the application may write to $sockets itself.
	Sockets bool `json:"sockets,omitempty"`
	// Code is the fingerprint of the files described, as Done.Code.
	Code string `json:"-"`
	// Warnings are for the operator: a log folder that cannot be written, a missing extension.
	Warnings []string `json:"warnings,omitempty"`
}

// Handler is one handler function.
type Handler struct {
	Params int `json:"params"` // how many parameters its author declared
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

// Has reports whether an event of kind k needs PHP at all.
func (d *Description) Has(k Kind) bool {
	return slices.ContainsFunc(k.Handlers(), func(name string) bool {
		_, ok := d.Handlers[name]
		return ok
	})
}
