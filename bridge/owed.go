package bridge

import (
	"context"
	"time"

	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/protocol"
)

// owe records in the journal that c's close event is owed, before the first handler learns of c. It blocks until that is written, and returns at
// once if there is no journal or no close handler. The journal tells of its errors, with which c comes in all the same.
func (c *client) owe(ctx context.Context) {
	b := c.bridge
	if b.journal.Load() == nil || !b.hasHandler(protocol.Closing) {
		return
	}
	c.owed.Store(true)
	_ = b.journal.Load().Owe(ctx, journal.Client{Key: c.key, Peer: c.peer, Session: c.session, Environment: c.env,
		ConnectedAt: time.UnixMicro(c.connectedAt), Row: b.table.Fields(c.key)})
}

// keepRow writes c's row to the journal as it is now, unless the journal has all changes of rows.
func (c *client) keepRow() {
	if b := c.bridge; c.owed.Load() && !b.cfg().JournalRows {
		b.journal.Load().SetRow(c.key, b.table.Fields(c.key))
	}
}

// settle records in the journal that c's close event has ended.
func (c *client) settle() {
	if c.owed.Load() {
		c.bridge.journal.Load().Settle(c.key)
	}
}

// journalWait is how long an event waits until the journal has noted it. One that the journal cannot note runs all the same; of its errors the
// journal tells.
const journalWait = 10 * time.Second

// beginJournaled records in the journal that a document's event, or a close event, is about to be sent to PHP: after a crash it is not run
// again. It blocks until that is written.
func (x *exchange) beginJournaled() {
	isClose := x.isOwedClose()
	if x.document == 0 && !isClose {
		return
	}
	ctx, cancel := context.WithTimeout(x.bridge.base, journalWait)
	defer cancel()
	if isClose {
		_ = x.bridge.journal.Load().BeginClose(ctx, x.client.key, x.event.Seq)
	} else {
		x.bridge.spool.begins(x.document)
		if x.waiter != nil && x.waiter.entry != nil {
			_ = x.waiter.entry.Wait(ctx)
		}
		_ = x.bridge.journal.Load().Begin(ctx, x.document, x.event.Seq)
	}
}

// unbegin takes beginJournaled back if err says that nothing was sent to PHP.
func (x *exchange) unbegin(err error) {
	switch {
	case !isAway(err):
	case x.isOwedClose():
		x.bridge.journal.Load().ReturnClose(x.client.key)
	case x.document != 0:
		x.bridge.journal.Load().Return(x.document)
	}
}

func (x *exchange) isOwedClose() bool {
	return x.kind == protocol.Closing && x.client != nil && x.client.owed.Load()
}
