package bridge

import (
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// Application is what is known about the application's code.
type Application struct {
	PHP      string // version; empty: not known yet
	Handlers []isolation.Handler
}

// Application returns what is known now.
func (b *Bridge) Application() Application {
	app := b.app.Load()
	if app == nil {
		return Application{}
	}
	return Application{PHP: app.PHP, Handlers: app.List(func(kind protocol.Kind) isolation.Place {
		switch mode := app.RunMode(kind); {
		case b.cfg().Lane == nil:
			return isolation.OwnRequest
		case b.gainsBeside(kind, mode):
			return isolation.BesideOthers
		}
		return app.Place(kind)
	})}
}
