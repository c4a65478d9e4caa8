package bridge

import (
	"fmt"
	"slices"
	"time"

	"github.com/wsbridge/wsbridge/bridge/socket"
)

// makeState copies everything that the other process needs, while everything stands still.
func (f *Frozen) makeState() error {
	b := f.bridge
	s := &State{
		Sequence: b.seq.Load(), Paused: b.Paused(), ProcessesWait: b.processesWait.Load(), RowsKept: b.keepsRows(),
		Table: b.table.Since(f.ahead.table()), Learned: b.app.Load().Learned(), Incidents: b.incidents.All(), Limiter: b.limiter.State(time.Now()),
		Counts: Counts{b.totals.accepted.Load(), b.totals.refused.Load(), b.totals.done.Load(), b.totals.failed.Load(), b.clients.pastMessages()},
	}
	var owed socket.Messages
	events := eventsOf(b.events)
	all := b.clients.all()
	s.Clients, f.moved = make([]ClientState, 0, len(all)), all
	for _, c := range all {
		isAdopted := f.ahead.has(c)
		saved, err := c.state(&owed, isAdopted)
		if err != nil {
			return fmt.Errorf("client %d: %w", c.key, err)
		}
		s.Clients = append(s.Clients, saved)
		if !isAdopted {
			f.moving = append(f.moving, Moving{c.key, c})
		}
		events = append(events, eventsOf(c.events)...)
	}
	slices.SortStableFunc(events, func(a, b EventState) int { return a.Came.Compare(b.Came) })
	s.Events, s.Messages = events, owed.From(0)
	f.state = s
	return nil
}
