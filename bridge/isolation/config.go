package isolation

import (
	"fmt"
	"strings"
)

// Mode says which events may run at the same time.
type Mode string

const (
	// Auto runs an event beside others if its handlers are proven to reach no row but their own client's, and all other events
	// alone, with all rows. What handlers can observe is what Serial shows them.
	Auto Mode = "auto"
	// Serial runs one event at a time over all clients; each sees all rows, exactly as in the original server.
	Serial Mode = "serial"
	// PerConnection runs the events of different clients beside each other; each sees its own row only. Events of the server
	// run alone, with all rows.
	PerConnection Mode = "connection"
)

// Config is what the operator has said.
type Config struct {
	Mode Mode
	// Handlers overrules Mode by the name of a handler: Serial, or PerConnection, which then holds for handlers of the server too.
	Handlers map[string]Mode
	// LiveGlobals survive from event to event although the description denies it; ForgetGlobals do not although it says so.
	LiveGlobals, ForgetGlobals []string
}

// mode returns the mode of a handler, and whether Handlers names it.
func (c *Config) mode(handler string) (m Mode, overruled bool) {
	if m, ok := c.Handlers[handler]; ok {
		return m, true
	}
	return c.Mode, false
}

// Origin names the key of the configuration that decides about a handler, or says that its code does.
func (c *Config) Origin(handler string) string {
	switch mode, overruled := c.mode(handler); {
	case overruled:
		return fmt.Sprintf("isolation.handlers.%s = %q", strings.TrimPrefix(handler, "ws_server_"), mode)
	case mode == Auto:
		return "nothing in its code reaches further"
	default:
		return fmt.Sprintf("isolation.mode = %q", mode)
	}
}
