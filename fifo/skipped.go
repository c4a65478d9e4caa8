package fifo

import "log/slog"

// Reason says why data from the pipe was not handed over.
type Reason string

// The reasons.
const (
	// Invalid: JSON that is not JSON, or brackets that nothing opened.
	Invalid Reason = "invalid JSON"
	// TooLarge: a document longer than [Config.Limit].
	TooLarge Reason = "document too large"
	// CutOff: a JSON document that was begun and not completed within [Config.Stall].
	CutOff Reason = "document cut off"
	// Undelivered: a whole document that came after deliver had returned an error.
	Undelivered Reason = "not delivered"
	// Discarded: data left in a stale pipe by [Create], or read by [Pipe.Close] after Run had returned.
	Discarded Reason = "discarded"
)

// Reasons returns them all.
func Reasons() []Reason { return []Reason{Invalid, TooLarge, CutOff, Undelivered, Discarded} }

// The attribute keys of a Skipped in a log line.
const (
	KeyReason = "reason"
	KeyBytes  = "bytes"
)

// Skipped is a stretch of data that was not handed over. It never holds the data itself.
type Skipped struct {
	Reason Reason
	Bytes  int64 // length of the stretch; blanks between documents are not counted
}

// LogValue gives the reason and the size.
func (s Skipped) LogValue() slog.Value {
	return slog.GroupValue(slog.String(KeyReason, string(s.Reason)), slog.Int64(KeyBytes, s.Bytes))
}
