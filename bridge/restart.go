package bridge

import (
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// takeLeft takes from the journal what the process before this one has left, before any handler runs: global variables, the last key and the
// sequence. Events that had begun and have no end are reported, since nobody knows how far their handlers came.
func (b *Bridge) takeLeft() {
	j := b.journal.Load()
	if j == nil {
		return
	}
	left := j.Left()
	b.left = &left
	b.table.RestoreGlobals(left.Globals, left.LastKey)
	b.seq.Store(left.Seq)
	for _, d := range left.Begun {
		b.log.Error("a document had begun when wsbridge ended, and is not run again", "document", d.ID, "source", d.Source, keyBytes, d.Size,
			"since", d.Since, keySeq, d.Seq)
		j.End(d.ID)
	}
	if left.Documents > 0 {
		b.log.Warn("documents wait in the journal", "documents", left.Documents, keyBytes, left.DocumentBytes, "since", left.Oldest)
		b.spool.fallBehind()
	}
}

// closeLeft runs the close events of the clients that the process before this one has left, with their rows, in the order of their keys. It
// returns when they have ended, but for those that wait for php-fpm, see lateCloses.
func (b *Bridge) closeLeft() {
	if b.left == nil {
		return
	}
	var clients []*client
	gone := newGoneConn()
	left := b.left.Clients
	b.left = nil
	for i := range left {
		left := &left[i]
		if left.Begun {
			b.log.Error("a close event had begun when wsbridge ended, and is not run again", keyClient, left.Key, keyPeer, left.Peer)
			b.journal.Load().Settle(left.Key)
			continue
		}
		clients = append(clients, b.newGoneClient(left, gone))
	}
	if len(clients) == 0 {
		return
	}
	b.log.Warn("wsbridge had ended before its clients: their close events run now", keyClients, len(clients))
	began := time.Now()
	b.closeAll(clients)
	b.log.Info("close events have run", keyClients, len(clients), slog.Duration("took", time.Since(began)))
}

// newGoneClient gives a client that is gone its row. Of its connection nothing is left.
func (b *Bridge) newGoneClient(left *journal.Client, gone goneConn) *client {
	c := &client{bridge: b, key: left.Key, peer: left.Peer, session: left.Session, connectedAt: left.ConnectedAt.UnixMicro()}
	if env, err := b.cfg().PHP.Inherit(left.Environment); err == nil { // else its handshake had not come
		c.env = env
	}
	c.lastMessage.Store(c.connectedAt)
	c.owed.Store(true)
	cfg := b.cfg()
	c.early = b.upgrader.NewEarly(gone, c, cfg.WriteTimeout, cfg.SendQueueBytes)
	c.early.Abort() // nothing can be sent to it
	c.events = b.scheduler.NewQueue(cfg.EventQueue, int(cfg.MaxMessage))
	c.markEnded(outcome.EndedByCrash, 0, "")
	b.clients.add(c)
	b.table.Apply(rows.Change{Key: c.key, Step: rows.Restored, Set: left.Row})
	return c
}

// closingAtOnce is how many close events are queued at the same time of clients that are gone: enough to keep PHP busy.
const closingAtOnce = 64

// closeAll queues close events in the order of clients, and blocks until they have ended. Those that may run together do, the others in order.
func (b *Bridge) closeAll(clients []*client) {
	var ended sync.WaitGroup
	queued := make(chan struct{}, closingAtOnce)
	for _, c := range clients {
		queued <- struct{}{}
		ended.Add(1)
		end := func(*protocol.Done, error) { <-queued; ended.Done() }
		e := &queuedEvent{bridge: b, client: c, kind: protocol.Closing, since: time.Now(), onEnd: end}
		if !c.events.Last(e) {
			end(nil, nil)
		}
	}
	ended.Wait()
}

// goneConn is the connection of a client that is gone: it has ended in both directions.
type goneConn struct{ net.Conn }

func newGoneConn() goneConn {
	conn, other := net.Pipe()
	conn.Close()
	other.Close()
	return goneConn{conn}
}

// CloseWrite implements socket.HalfCloser.
func (goneConn) CloseWrite() error { return net.ErrClosed }
