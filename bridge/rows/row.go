package rows

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// The states of a row that wsbridge sets; a handler may set others.
const (
	stateConnecting = `"CONNECTING"`
	stateOpen       = `"OPEN"`
	stateTerminated = `"REMOTE TERMINATED"`
)

// row is what $connections has of one client. It is guarded by the table's mutex.
type row struct {
	key       int64
	fields    protocol.Fields
	encoded   protocol.Encoded // fields as PHP reads them; without entries after a change
	block     *block           // where the row stands
	connected bool             // the client has been answered 101
	lost      bool             // nothing can be sent to it any more
	told      presence         // what was noted last for others
}

// newRow returns a row as each begins.
func newRow(key int64, peer string) *row {
	return &row{key: key, told: presence{key: key}, fields: protocol.Fields{
		Text("peer_name", peer),
		{Name: "state", Value: json.RawMessage(stateConnecting)},
		{Name: "buffer", Value: json.RawMessage("[]")},
		{Name: "ping_time", Value: json.RawMessage("false")},
		{Name: "pong_time", Value: json.RawMessage("false")},
	}}
}

// presence is what others need to know of the client now.
func (r *row) presence() presence {
	return presence{key: r.key, connected: r.connected && !r.lost, open: r.connected && string(r.fields.Get("state")) == stateOpen}
}

// encode returns the row as one entry of $connections. The bytes never change.
func (r *row) encode() protocol.Encoded {
	if r.encoded.Entries == 0 {
		bytes, traits := protocol.AppendRow(nil, r.key, r.fields)
		r.encoded.Add(1, bytes, traits)
	}
	return r.encoded
}

// forget lets go of what was encoded.
func (r *row) forget() {
	r.encoded = protocol.Encoded{}
	r.block.encoded = protocol.Encoded{}
}

// Text returns a field that holds a string.
func Text(name, value string) protocol.Field {
	quoted, _ := json.Marshal(value) // a string: it cannot fail
	return protocol.Field{Name: name, Value: quoted}
}

// Time returns a field that holds a time as PHP's microtime(true) does: seconds, a float even when whole.
func Time(name string, t time.Time) protocol.Field {
	return protocol.Field{Name: name, Value: strconv.AppendFloat(nil, float64(t.UnixMicro())/1e6, 'f', 6, 64)}
}
