package rows

import (
	"math"

	"github.com/wsbridge/wsbridge/protocol"
)

// Bounds of one Sample, of which the first row may be any size.
const (
	maxSampled      = 128
	maxSampledBytes = 256 << 10
)

// Sample is what a resident worker is to compare with its own: the rows of all clients whose keys are greater than After and not greater than
// Last.
type Sample struct {
	protocol.AuditRange
	Rows    protocol.Encoded
	Globals protocol.Encoded // with the last rows only
	// What Take returns.
	Changes protocol.Encoded
	Left    []int64
	Seen    uint64
}

// Sample returns some rows with the next keys after one. The last ones have math.MaxInt64 as Last. What is encoded for it is not kept.
func (t *Table) Sample(after int64) (s Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Changes, s.Left, s.Seen = t.take()
	s.AuditRange = protocol.AuditRange{After: after, Last: math.MaxInt64}
	size, last := 0, after
	first, _ := t.blocks.find(after / blockSize)
	for r := range t.blocks[first:].all() {
		if r.key <= after {
			continue
		}
		row := r.encoded
		if row.Entries == 0 {
			bytes, traits := protocol.AppendRow(nil, r.key, r.fields)
			row.Add(1, bytes, traits)
		}
		size += len(row.Parts[0])
		if s.Rows.Entries == maxSampled || s.Rows.Entries > 0 && size > maxSampledBytes {
			s.Last = last
			return s
		}
		s.Rows.Add(1, row.Parts[0], row.Traits)
		last = r.key
	}
	if bytes, traits := protocol.AppendFields(nil, t.globals); len(bytes) <= maxSampledBytes && len(t.globals) > 0 {
		s.Globals.Add(len(t.globals), bytes, traits)
	}
	return s
}
