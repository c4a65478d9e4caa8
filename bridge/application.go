package bridge

import (
	"maps"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

// Application is what is known about the application's code.
type Application struct {
	PHP      string // version; empty: not known yet
	Handlers []Handler
}

// Handler says how a handler runs.
type Handler struct {
	Name  string // without "ws_server_"
	Alone bool   // no other event runs at the same time
}

// Application returns what is known now, with the handlers sorted by name.
func (b *Bridge) Application() Application {
	app := b.app.Load()
	if app == nil {
		return Application{}
	}
	a := Application{PHP: app.PHP}
	alone := map[string]bool{}
	for _, kind := range protocol.Kinds() {
		for _, name := range kind.Handlers() {
			alone[name] = app.RunMode(kind).Alone
		}
	}
	for _, name := range slices.Sorted(maps.Keys(app.Handlers)) {
		a.Handlers = append(a.Handlers, Handler{strings.TrimPrefix(name, "ws_server_"), alone[name]})
	}
	return a
}
