package fastcgi

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxYielded bounds how many helper functions an application can bring itself; the PHP half has fewer.
const maxYielded = 40

// maxFunctionName bounds what is taken for a function's name.
const maxFunctionName = 64

// ownParams are the WSBRIDGE_* parameters, which the client's requests share.
type ownParams struct {
	cfg     *Config
	token   string
	encoded atomic.Pointer[[]byte]

	// mu guards the fields below.
	mu      sync.Mutex
	yielded []string
	sockets bool
}

func newOwnParams(cfg *Config, token string) *ownParams {
	o := &ownParams{cfg: cfg, token: token}
	o.describe(nil, false)
	return o
}

// bytes returns the encoded parameters, which must not be changed.
func (o *ownParams) bytes() []byte { return *o.encoded.Load() }

// learn adds a function that the application defines itself, or a file that does, for all later requests. It ignores
// what is neither.
func (o *ownParams) learn(name string) {
	if !isYieldable(name) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.yielded) < maxYielded && !slices.Contains(o.yielded, name) {
		o.store(append(o.yielded, name), o.sockets)
	}
}

// describe replaces what was learnt by what a description has found.
func (o *ownParams) describe(names []string, sockets bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.store(slices.Clone(names), sockets)
}

// store takes names over; the caller holds mu.
func (o *ownParams) store(names []string, sockets bool) {
	o.yielded, o.sockets = names, sockets
	b := o.encode(names, sockets)
	o.encoded.Store(&b)
}

// encode returns the encoded parameters of a request that yields names, to an application that may write to $sockets.
func (o *ownParams) encode(names []string, sockets bool) []byte {
	initialize := "every"
	if o.cfg.InitializeOnce {
		initialize = "once"
	}
	b := appendPair(nil, "WSBRIDGE_CONTRACT", strconv.Itoa(protocol.Version))
	b = appendPair(b, "WSBRIDGE_TOKEN", o.token)
	b = appendPair(b, "WSBRIDGE_EVENTS_FILE", o.cfg.EventsFile)
	b = appendPair(b, "WSBRIDGE_SETTINGS_FILE", o.cfg.SettingsFile)
	b = appendPair(b, "WSBRIDGE_INITIALIZE", initialize)
	b = appendPair(b, "WSBRIDGE_YIELD", strings.Join(names, ","))
	if sockets {
		b = appendPair(b, "WSBRIDGE_SOCKETS", "1")
	}
	return b
}

// isYieldable reports whether the PHP half may leave s to the application: a function's name, or "@" and the path of a file
// that is loaded before our helpers are defined.
func isYieldable(s string) bool {
	file, isFile := strings.CutPrefix(s, "@")
	return isFunctionName(s) || isFile && path.IsAbs(file) && len(file) <= maxPath && !strings.ContainsAny(file, ","+forbidden)
}

func isFunctionName(s string) bool {
	if s == "" || len(s) > maxFunctionName {
		return false
	}
	for i, r := range []byte(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r >= 0x80:
		case r >= '0' && r <= '9' && i > 0:
		default:
			return false
		}
	}
	return true
}
