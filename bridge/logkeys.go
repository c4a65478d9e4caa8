package bridge

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
