package bridge

import (
	"context"
	"errors"

	"github.com/wsbridge/wsbridge/protocol"
)

// errNoAuthenticate refuses an application that could let nobody in; every other handler is optional.
var errNoAuthenticate = errors.New("ws_server_authenticate is not defined in the events file")

// describe asks PHP what the application's code can do, and what for it needs no request.
func (b *Bridge) describe(ctx context.Context) error {
	d, err := b.cfg.PHP.Describe(ctx)
	if err != nil {
		return err
	}
	if !d.Has(protocol.Authenticate) {
		return errNoAuthenticate
	}
	if d.PostMaxSize > 0 && d.PostMaxSize < b.cfg.MaxMessage {
		b.log.Warn("php's post_max_size is below the largest message: events over it will fail",
			"post_max_size", d.PostMaxSize, "max_message", b.cfg.MaxMessage)
	}
	for _, w := range d.Warnings {
		b.log.Warn(w)
	}
	b.log.Info("application described", keyVersion, d.PHP, "handlers", len(d.Handlers))
	b.description.Store(d)
	return nil
}

// describeIfChanged describes anew when an answer shows that the code changed. If that fails, the next event tries again.
func (b *Bridge) describeIfChanged(code string) {
	if code == b.description.Load().Code || !b.describing.TryLock() {
		return
	}
	defer b.describing.Unlock()
	if err := b.describe(b.base); err != nil {
		b.log.Error("the changed application cannot be used", keyError, err)
	}
}

// has reports whether events of kind k have a handler.
func (b *Bridge) has(k protocol.Kind) bool {
	d := b.description.Load()
	return d != nil && d.Has(k)
}
