package bridge

import "log/slog"

// Keys of log attributes.
const (
	keyClient  = "client"
	keyPeer    = "peer"
	keyEvent   = "event"
	keySeq     = "seq"
	keyError   = "error"
	keyEnding  = "ending"
	keyCode    = "code"
	keyFile    = "file"
	keyLine    = "line"
	keyTarget  = "target"
	keyOrigin  = "origin"
	keyHost    = "host"
	keyBytes   = "bytes"
	keyClients = "clients"
	keyWaiting = "waiting"
	keyPayload = "payload"
	keyVersion = "php"
)

// fromApplication marks lines whose words are the application's own: they may hold anything.
func fromApplication() slog.Attr { return slog.String("source", "application") }
