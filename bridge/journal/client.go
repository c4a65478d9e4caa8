package journal

import (
	"context"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/wsbridge/wsbridge/protocol"
)

// Client is a client whose close event is owed.
type Client struct {
	Key         int64
	Peer        string
	Session     string
	Environment []byte
	ConnectedAt time.Time
	Row         protocol.Fields // as it was last set

	// What Left and Inspect tell: the close event was about to be sent, with this sequence number, and has no end.
	Begun bool
	Seq   uint64
}

// pendingRow is a row to be written. It keeps its slice, so that to set a row again costs no memory.
type pendingRow struct{ fields protocol.Fields }

// maxKeptFields bounds the slices that wait to be used again.
const maxKeptFields, maxKeptRows = 64, 1024

// Owe writes that a client's close event will run, with the row that the client has. After an error nothing is owed.
func (j *Journal) Owe(ctx context.Context, c Client) error {
	j.mu.Lock()
	if err := j.usable(); err != nil {
		j.mu.Unlock()
		return err
	}
	g := j.group()
	g.set(numberKey(kindClient, uint64(c.Key)), encodeClient(c))
	g.set(numberKey(kindRow, uint64(c.Key)), appendFields([]byte{}, c.Row))
	if c.Key > j.lastKey {
		j.lastKey = c.Key
		g.set(markKeyOf(markKey), encodeNumbers(uint64(c.Key)))
	}
	j.owed[c.Key] = nowhere
	j.mu.Unlock()
	if err := j.await(ctx, g); err != nil {
		j.Settle(c.Key)
		return err
	}
	return nil
}

// SetRow says what a client's row is now. It does not wait, and the slice may be used again; the values must not change. Without effect
// for a client that is owed no close event.
func (j *Journal) SetRow(key int64, fields protocol.Fields) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, owed := j.owed[key]; !owed || j.usable() != nil {
		return
	}
	row := j.rows[key]
	if row == nil {
		row = j.newRow()
		j.rows[key] = row
		signal(j.lateWork)
	}
	row.fields = append(row.fields[:0], fields...)
}

// Settle says that a client's close event has ended: the client and its row are removed. It does not wait.
func (j *Journal) Settle(key int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.settle(key)
}

// settle is called with mu held.
func (j *Journal) settle(key int64) {
	place, owed := j.owed[key]
	if !owed || j.usable() != nil {
		return
	}
	delete(j.owed, key)
	delete(j.rows, key)
	g := j.later()
	g.drop(numberKey(kindClient, uint64(key)))
	g.drop(numberKey(kindRow, uint64(key)))
	g.unbegin(kindClosing, uint64(key), place)
}

// newRow returns a row to be written, which may have been one before. It is called with mu held.
func (j *Journal) newRow() *pendingRow {
	last := len(j.spare) - 1
	if last < 0 {
		return &pendingRow{}
	}
	row := j.spare[last]
	j.spare = j.spare[:last]
	return row
}

// recycle keeps rows that have been written for new ones. It is called with mu held.
func (j *Journal) recycle(rows map[int64]*pendingRow) {
	for _, row := range rows {
		if len(j.spare) < maxKeptRows && cap(row.fields) <= maxKeptFields {
			clear(row.fields)
			j.spare = append(j.spare, row)
		}
	}
	if rows != nil && len(rows) <= maxKeptRows {
		clear(rows)
		j.emptyRows = rows
	}
}

// takePending returns the rows and globals to be written. It is called with mu held.
func (j *Journal) takePending() (rows map[int64]*pendingRow, globals map[string]pendingGlobal) {
	if len(j.rows) > 0 {
		rows, j.rows, j.emptyRows = j.rows, j.emptyRows, nil
		if j.rows == nil {
			j.rows = map[int64]*pendingRow{}
		}
	}
	if len(j.globals) > 0 {
		globals, j.globals = j.globals, map[string]pendingGlobal{}
	}
	return rows, globals
}

func addRows(batch *pebble.Batch, rows map[int64]*pendingRow) {
	var b []byte
	for key, row := range rows {
		b = appendFields(b[:0], row.fields)
		_ = batch.Set(numberKey(kindRow, uint64(key)), b, nil)
	}
}

func encodeClient(c Client) []byte {
	b := appendBytes(appendBytes(nil, c.Peer), c.Session)
	return appendTime(appendBytes(b, c.Environment), c.ConnectedAt)
}

// decodeClient returns a client that shares memory with v.
func decodeClient(key int64, v []byte) (Client, error) {
	d := decoder{b: v}
	c := Client{Key: key, Peer: string(d.bytes()), Session: string(d.bytes()), Environment: d.bytes(), ConnectedAt: d.time()}
	return c, d.err()
}
