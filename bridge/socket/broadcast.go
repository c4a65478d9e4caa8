package socket

import "slices"

// together is how many outboxes one goroutine writes. One for each would cost more than most of the writes do.
const together = 256

// hurry writes outboxes that have a message and no writer, without waiting for any socket, and returns before that.
func (u *Upgrader) hurry(all []*outbox) {
	for some := range slices.Chunk(all, together) {
		u.Spawn(func() {
			for _, o := range some {
				o.hurry()
			}
		})
	}
}

// hurry writes what the socket takes at once. What it does not take, and what is no message to several, is left to a writer of its
// own: nobody waits for this client.
func (b *outbox) hurry() {
	items := b.take()
	for len(items) > 0 && items[0].prepared != nil && b.guard != nil && b.guard.eager.raw != nil {
		o := items[0]
		unsent, err := b.writeEagerly(o)
		if err != nil {
			b.finish(o, err)
			return
		}
		if len(unsent) > 0 {
			items[0] = Message{op: opRest, data: unsent, size: o.size}
			break
		}
		items = items[1:]
		if goOn := b.let(o); !goOn {
			items = nil
		}
	}
	if b.giveBack(items) {
		b.spawn(b.drain)
	}
}

// writeEagerly returns the end of a frame that the socket has not taken.
func (b *outbox) writeEagerly(o Message) (unsent []byte, err error) {
	e := &b.guard.eager
	e.on = true
	defer func() { e.on, e.unsent = false, nil }()
	if err := b.writeOne(o, func() bool { return len(e.unsent) == 0 }); err != nil {
		return nil, err
	}
	return e.unsent, nil
}

// giveBack puts items that were taken before what has come since, and reports whether there is something to write.
func (b *outbox) giveBack(items []Message) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.aborted {
		items = begun(items)
	}
	b.queue = append(items, b.queue...)
	b.running = len(b.queue) > 0
	return b.running
}

// begun is the first of items if nothing else may come before it: the rest of a frame, the handshake's answer.
func begun(items []Message) []Message {
	if len(items) > 0 && items[0].op < 0 {
		return items[:1]
	}
	return nil
}
