package bridge

import (
	"context"
	"log/slog"
	"strings"
)

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

// maxShown bounds what is shown of a payload, in bytes.
const maxShown = 200

// showPayload writes what somebody has said to the log, if that is allowed, which it is not by default.
func (b *Bridge) showPayload(log *slog.Logger, what string, data []byte) {
	if !b.cfg().LogPayloads || !log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	shown := strings.ToValidUTF8(string(data[:min(len(data), maxShown)]), "\uFFFD")
	log.Debug(what, keyPayload, shown, keyBytes, len(data))
}
