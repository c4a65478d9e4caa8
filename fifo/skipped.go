package fifo

import "log/slog"

// Reason says why data from the pipe was not delivered.
type Reason string

// The reasons.
const (
	// Invalid: invalid JSON, or a closing bracket without an opening one.
	Invalid Reason = "invalid JSON"
	// TooLarge: a document longer than [Config.Limit].
	TooLarge Reason = "document too large"
	// CutOff: a JSON document that stayed incomplete for [Config.Stall].
	CutOff Reason = "document cut off"
	// Undelivered: a complete document that came after deliver had returned an error.
	Undelivered Reason = "not delivered"
	// Discarded: data that [Create] found in a stale pipe, or [Pipe.Close] after Run had returned.
	Discarded Reason = "discarded"
)

// Reasons returns them all.
func Reasons() []Reason { return []Reason{Invalid, TooLarge, CutOff, Undelivered, Discarded} }

// Attribute keys of a Skipped in a log line.
const (
	keyReason = "reason"
	keyBytes  = "bytes"
)

// Skipped is a stretch of data that was not delivered. It never holds the data itself.
type Skipped struct {
	Reason Reason
	Bytes  int64 // length of the stretch, without blanks between documents
}

// LogValue returns the reason and the size.
func (s Skipped) LogValue() slog.Value {
	return slog.GroupValue(slog.String(keyReason, string(s.Reason)), slog.Int64(keyBytes, s.Bytes))
}
