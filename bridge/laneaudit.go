package bridge

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// maxMended is how many differences that an audit has found are logged.
const maxMended = 20

// Audit implements protocol.State. Each call goes on after the rows of the one before.
func (s laneState) Audit() (*protocol.Event, func(*protocol.Done)) {
	b := s.bridge
	e := &protocol.Event{Kind: protocol.Audit}
	if b.uncommitted.Load() > 0 || b.isHandingOver() {
		return e, nil
	}
	sample := b.table.Sample(b.audited.Load())
	e.Rows, e.Values, e.Changes, e.Left = sample.Rows, sample.Globals, sample.Changes, sample.Left
	e.Payload, _ = json.Marshal(sample.AuditRange) // numbers: it cannot fail
	return e, func(done *protocol.Done) {
		if b.isHandingOver() {
			return // what has changed unseen is lost with the worker, as it is whenever that is replaced
		}
		b.audited.Store(sample.Last)
		if sample.Last == math.MaxInt64 {
			b.audited.Store(0)
		}
		b.mend(done, sample.Seen)
	}
}

// mend applies what an audit has found: the worker is right about what handlers wrote, and the table about who is there.
func (b *Bridge) mend(done *protocol.Done, seen uint64) {
	result, err := done.Audited()
	if err != nil {
		b.log.Error("malformed result of an audit", keyError, err)
		return
	}
	var missing []int64
	for _, key := range result.Missing {
		if c := b.clients.get(key); c != nil && !c.hasEnded() { // else the worker has removed its row in its close event
			b.table.Apply(rows.Change{Key: key, Step: rows.Missed})
			missing = append(missing, key)
		}
	}
	if found := differences(done, missing, result.Surplus); len(found) > 0 {
		more := max(0, len(found)-maxMended)
		b.log.Warn("a row had changed unseen: mended", "changes", found[:len(found)-more], "more", more)
	}
	d := &dispatcher{bridge: b, kind: protocol.Audit}
	d.commitChange(rows.Change{Rows: done.Rows, Globals: done.Globals, Followed: true, Seen: seen})
}

// differences says for each client, and for the global variables, what has changed.
func differences(done *protocol.Done, missing, surplus []int64) (found []string) {
	for key, change := range done.Rows {
		what := "the row is removed"
		if change != nil {
			what = strings.Join(change.Names(), ", ")
		}
		found = append(found, fmt.Sprintf("client %d: %s", key, what))
	}
	for _, key := range missing {
		found = append(found, fmt.Sprintf("client %d: the worker had no row", key))
	}
	for _, key := range surplus {
		found = append(found, fmt.Sprintf("client %d: the worker had a row, but there is no such client", key))
	}
	slices.Sort(found)
	if done.Globals != nil {
		found = append(found, "global variables: $"+strings.Join(done.Globals.Names(), ", $"))
	}
	return found
}
