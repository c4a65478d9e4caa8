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
	keyWorker  = "worker" // the process of the resident worker
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
	keyHandler = "handler"
	keyTook    = "took"
	keyRefusal = "refusal"
	keyStatus  = "status"
	keyMissing = "missing"
)

// sourceApplication marks lines with text of the application, which may be anything.
func sourceApplication() slog.Attr { return slog.String("source", "application") }

// maxLogged is how many bytes of a payload are logged.
const maxLogged = 200

// logPayload logs a message or a document, if Config.LogPayloads allows that.
func (b *Bridge) logPayload(log *slog.Logger, what string, data []byte) {
	if !b.cfg().LogPayloads || !log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	shown := strings.ToValidUTF8(string(data[:min(len(data), maxLogged)]), "\uFFFD")
	log.Debug(what, keyPayload, shown, keyBytes, len(data))
}
