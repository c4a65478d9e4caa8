package api

import (
	"fmt"
	"strings"
)

// Error is an answer with a 4xx or 5xx status.
type Error struct {
	Status   int      `json:"-"`
	Text     string   `json:"error"`              // says what to do
	Problems []string `json:"problems,omitempty"` // of a configuration
	Event    *Event   `json:"event,omitempty"`    // that failed
	Again    bool     `json:"again,omitempty"`    // nothing was done, since another process takes over: the same request can be made again
}

func (e *Error) Error() string {
	if len(e.Problems) > 0 {
		return fmt.Sprintf("%s:\n  %s", e.Text, strings.Join(e.Problems, "\n  "))
	}
	return e.Text
}
