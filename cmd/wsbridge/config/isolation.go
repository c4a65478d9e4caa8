package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/BurntSushi/toml"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// The values of isolation.mode. IsolationAuto decides for each handler by its code.
const (
	IsolationAuto       = "auto"
	IsolationSerial     = "serial"     // alone, with all rows
	IsolationConnection = "connection" // beside events of other connections, with the own row
)

// Isolation is about which events may run at the same time.
type Isolation struct {
	Mode     string       `toml:"mode"`     // "auto", "serial" or "connection"
	Handlers HandlerModes `toml:"handlers"` // override Mode
	// SessionCookie is the name of PHP's session cookie; empty: sessions are ignored.
	SessionCookie string `toml:"session_cookie"`
}

// HandlerPrefix is the prefix of handler functions, which the configuration leaves out.
const HandlerPrefix = "ws_server_"

// HandlerModes maps handlers, without HandlerPrefix, to IsolationSerial or IsolationConnection.
type HandlerModes map[string]string

// UnmarshalTOML accepts any names and texts. The checker reports each bad one.
func (m *HandlerModes) UnmarshalTOML(data any) error {
	errTable := errors.New(`want a table of "serial" or "connection" by handler, such as { text = "serial" }`)
	table, ok := data.(map[string]any)
	if !ok {
		return errTable
	}
	*m = HandlerModes{}
	for name, value := range table {
		mode, ok := value.(string)
		if !ok {
			return errTable
		}
		(*m)[name] = mode
	}
	return nil
}

// isHandler reports whether the application can have a handler of that name, without its prefix.
func isHandler(name string) bool {
	return slices.ContainsFunc(protocol.Kinds(), func(k protocol.Kind) bool {
		return slices.Contains(k.Handlers(), HandlerPrefix+name)
	})
}

func (c *checker) isolation(i *Isolation) {
	c.oneOf("isolation.mode", i.Mode, IsolationAuto, IsolationSerial, IsolationConnection)
	c.handlers(i.Handlers)
	c.name("isolation.session_cookie", i.SessionCookie)
}

// handlers checks isolation.handlers. The lines of its keys are not known, so the table's line stands for them.
func (c *checker) handlers(modes HandlerModes) {
	table := c.from.at("isolation.handlers")
	for _, name := range slices.Sorted(maps.Keys(modes)) {
		key := origin{place: table.place, name: table.name + "." + toml.Key{name}.String()}
		switch mode := modes[name]; {
		case !isHandler(name):
			c.problems.add(fmt.Sprintf("%s: want the name of a handler without %q, such as \"text\"", key, HandlerPrefix))
		case mode != IsolationSerial && mode != IsolationConnection:
			c.problems.add(key.problem(mode, `want "serial" or "connection"`))
		}
	}
}

// RunModes returns how events are to run.
func (c *Config) RunModes() isolation.Config {
	modes := map[string]isolation.Mode{}
	for name, mode := range c.Isolation.Handlers {
		modes[HandlerPrefix+name] = isolation.Mode(mode)
	}
	return isolation.Config{Mode: isolation.Mode(c.Isolation.Mode), Handlers: modes,
		LiveGlobals: c.Globals.Live, ForgetGlobals: c.Globals.Forget, Resident: c.PHP.HasResidents(), InitializeOnce: c.PHP.Initialize == "once"}
}
