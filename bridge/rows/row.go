package rows

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// The states that wsbridge sets. A handler may set others.
const (
	stateConnecting = `"CONNECTING"`
	stateOpen       = `"OPEN"`
	stateTerminated = `"REMOTE TERMINATED"`
)

// row is the entry of one client in $connections. It is guarded by the table's mutex.
type row struct {
	key       int64
	fields    protocol.Fields
	encoded   protocol.Encoded // fields, as PHP reads them; without entries after a change
	block     *block           // that it is in
	connected bool             // the client has been answered 101
	bound     bool             // it has fields that only the process which runs all events can hold
	lost      bool             // nothing can be sent to the client any more
	published presence         // as of the last change
}

// newRow returns the row of a new client.
func newRow(key int64, peer string) *row {
	return &row{key: key, published: presence{key: key}, fields: protocol.Fields{
		Text("peer_name", peer),
		{Name: "state", Value: json.RawMessage(stateConnecting)},
		{Name: "buffer", Value: json.RawMessage("[]")},
		{Name: "ping_time", Value: json.RawMessage("false")},
		{Name: "pong_time", Value: json.RawMessage("false")},
	}}
}

// presence returns what others have to know about the client.
func (r *row) presence() presence {
	return presence{key: r.key, connected: r.connected && !r.lost, open: r.connected && string(r.fields.Get("state")) == stateOpen}
}

// encode returns the row as one entry of $connections. The returned bytes are never changed.
func (r *row) encode() protocol.Encoded {
	if r.encoded.Entries == 0 {
		bytes, traits := protocol.AppendRow(nil, r.key, r.fields)
		r.encoded.Add(1, bytes, traits)
	}
	return r.encoded
}

// invalidate drops what was encoded.
func (r *row) invalidate() {
	r.encoded = protocol.Encoded{}
	r.block.encoded = protocol.Encoded{}
}

// Text returns a field with a string.
func Text(name, value string) protocol.Field {
	quoted, _ := json.Marshal(value) // a string: it cannot fail
	return protocol.Field{Name: name, Value: quoted}
}

// Time returns a field with a time in seconds, a float even if it is whole, like PHP's microtime(true).
func Time(name string, t time.Time) protocol.Field {
	return protocol.Field{Name: name, Value: strconv.AppendFloat(nil, float64(t.UnixMicro())/1e6, 'f', 6, 64)}
}
