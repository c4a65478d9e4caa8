package socket

import (
	"errors"
	"testing"
)

func TestCauseIsFoundBehindGorillasErrors(t *testing.T) {
	socket, gorillas := errors.New("the socket's"), errors.New("gorilla's")
	for name, row := range map[string]struct {
		check, err error
		want       string
	}{
		"a violation in a message":     {socket, wrong("mine"), "mine"},
		"the socket's own":             {socket, gorillas, "the socket's"},
		"gorilla's, with a good check": {nil, gorillas, "gorilla's"},
	} {
		c := &Conn{check: frameCheck{err: row.check}}
		if err := c.cause(row.err); err.Error() != row.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
