package socket

import (
	"errors"
	"testing"
)

func TestCauseIsFoundBehindGorillasErrors(t *testing.T) {
	socket, gorillas := errors.New("the socket's"), errors.New("gorilla's")
	for name, row := range map[string]struct {
		guard, err error
		want       string
	}{
		"a violation in a message":     {socket, wrong("mine"), "mine"},
		"the socket's own":             {socket, gorillas, "the socket's"},
		"gorilla's, with a good guard": {nil, gorillas, "gorilla's"},
	} {
		c := &Conn{guard: &guard{err: row.guard}}
		if err := c.cause(row.err); err.Error() != row.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
