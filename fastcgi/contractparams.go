package fastcgi

import (
	"net/url"
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

// maxWatched bounds the paths of files that only handlers include, in bytes.
const maxWatched = 16 << 10

// maxFunctionName bounds what is taken for a function's name.
const maxFunctionName = 64

// ownParams are the WSBRIDGE_* parameters, which the client's requests share.
type ownParams struct {
	cfg     *Config
	token   string
	encoded atomic.Pointer[[]byte]

	mu    sync.Mutex // guards the fields below
	found found
}

// found is what describing the application has found out for the requests behind it.
type found struct {
	yielded []string // see WSBRIDGE_YIELD
	watched []string // see WSBRIDGE_WATCH
}

func newOwnParams(cfg *Config, token string) *ownParams {
	o := &ownParams{cfg: cfg, token: token}
	o.store(found{})
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
	if len(o.found.yielded) < maxYielded && !slices.Contains(o.found.yielded, name) {
		f := o.found
		f.yielded = append(slices.Clone(f.yielded), name)
		o.store(f)
	}
}

// files returns the files that are loaded before our helpers. Loading them is right for as long as they exist.
func (o *ownParams) files() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(o.found.yielded), func(name string) bool { return !strings.HasPrefix(name, "@") })
}

// describe replaces what was found before.
func (o *ownParams) describe(f found) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.store(f)
}

// store takes f over; the caller holds mu.
func (o *ownParams) store(f found) {
	o.found = f
	b := o.encode(f)
	o.encoded.Store(&b)
}

// encode returns the encoded parameters of a request to an application of which f is known.
func (o *ownParams) encode(f found) []byte {
	initialize := "every"
	if o.cfg.InitializeOnce {
		initialize = "once"
	}
	b := appendPair(nil, "WSBRIDGE_CONTRACT", strconv.Itoa(protocol.Version))
	b = appendPair(b, "WSBRIDGE_TOKEN", o.token)
	b = appendPair(b, "WSBRIDGE_EVENTS_FILE", o.cfg.EventsFile)
	b = appendPair(b, "WSBRIDGE_SETTINGS_FILE", o.cfg.SettingsFile)
	b = appendPair(b, "WSBRIDGE_INITIALIZE", initialize)
	b = appendPair(b, "WSBRIDGE_PRESENCE", o.cfg.Presence)
	if o.cfg.Network == "tcp" {
		b = appendPair(b, "WSBRIDGE_ANNOUNCE", "1")
	}
	b = appendPair(b, "WSBRIDGE_YIELD", strings.Join(f.yielded, ","))
	return appendPair(b, "WSBRIDGE_WATCH", encodeList(f.watched))
}

// encodeList joins percent-encoded paths with commas, as many as fit: all own parameters share one record.
func encodeList(paths []string) string {
	var b strings.Builder
	for _, p := range paths {
		p = url.PathEscape(p)
		if b.Len()+len(p) >= maxWatched {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(p)
	}
	return b.String()
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
