package bridge

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// The states of a row that the bridge sets; a handler may set others.
const (
	stateConnecting = `"CONNECTING"`
	stateOpen       = `"OPEN"`
	stateTerminated = `"REMOTE TERMINATED"`
)

// row is a client's row, guarded by the table's mutex.
type row struct {
	fields   protocol.Fields
	encoded  protocol.Encoded // fields as PHP reads them; no entries after a change
	block    *block           // where the row stands
	presence presence         // as was told last
	lost     bool             // nothing can be sent any more
}

// presence is what others need to know of a client, see protocol's WSBRIDGE_PRESENCE.
type presence struct {
	connected bool // it can be sent messages
	open      bool // its row is in state OPEN
}

// newRow returns the fields that every row begins with.
func newRow(peer string) protocol.Fields {
	return protocol.Fields{
		{Name: "peer_name", Value: quote(peer)},
		{Name: "state", Value: json.RawMessage(stateConnecting)},
		{Name: "buffer", Value: json.RawMessage("[]")},
		{Name: "ping_time", Value: json.RawMessage("false")},
		{Name: "pong_time", Value: json.RawMessage("false")},
	}
}

// encode returns the row as one entry of $connections. The bytes never change.
func (r *row) encode(key int64) protocol.Encoded {
	if r.encoded.Entries == 0 {
		bytes, traits := protocol.AppendRow(nil, key, r.fields)
		r.encoded.Add(1, bytes, traits)
	}
	return r.encoded
}

// change lets go of what is known of the fields.
func (r *row) change() {
	r.encoded = protocol.Encoded{}
	r.block.encoded = protocol.Encoded{}
}

func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string: it cannot fail
	return b
}

// microtime is a time as PHP's microtime(true) has it: seconds, a float even when whole.
func microtime(t time.Time) json.RawMessage {
	return strconv.AppendFloat(nil, float64(t.UnixMicro())/1e6, 'f', 6, 64)
}
