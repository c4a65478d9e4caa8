package isolation

import (
	"fmt"
	"strings"
)

// Mode says which events may run together.
type Mode string

const (
	// Auto runs an event beside others if its handlers can provably reach no row but their own client's, and every other event alone,
	// with all rows. Handlers cannot observe a difference to Serial.
	Auto Mode = "auto"
	// Serial runs one event of all clients at a time, with all rows, exactly like the original server.
	Serial Mode = "serial"
	// PerConnection runs events of different clients together, each with its own client's row only. Events of the server run alone,
	// with all rows.
	PerConnection Mode = "connection"
)

// Config is what the operator has configured.
type Config struct {
	Mode Mode
	// Handlers overrides Mode by handler name, with Serial or with PerConnection, which then applies to handlers of the server too.
	Handlers map[string]Mode
	// LiveGlobals live from event to event, and ForgetGlobals do not, whatever the description says.
	LiveGlobals, ForgetGlobals []string
	// Resident says that workers stay from event to event: one worker runs all events in one order, and others run those that may run beside
	// it. Otherwise each event is a request of its own.
	Resident bool
	// InitializeOnce says that ws_server_initialize is an event at the start. Otherwise it runs before each event, or when a worker starts.
	InitializeOnce bool
}

// mode returns the mode of a handler, and whether it is from Handlers.
func (c *Config) mode(handler string) (m Mode, overridden bool) {
	if m, ok := c.Handlers[handler]; ok {
		return m, true
	}
	return c.Mode, false
}

// Origin returns the configuration key that decides how a handler runs, or says that its code does.
func (c *Config) Origin(handler string) string {
	switch mode, overridden := c.mode(handler); {
	case overridden:
		return fmt.Sprintf("isolation.handlers.%s = %q", strings.TrimPrefix(handler, "ws_server_"), mode)
	case mode == Auto:
		return "nothing in its code reaches further"
	default:
		return fmt.Sprintf("isolation.mode = %q", mode)
	}
}
