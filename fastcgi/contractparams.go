package fastcgi

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxYielded bounds the helper functions that an application can define itself. The PHP half has fewer.
const maxYielded = 40

// maxWatched bounds the paths of files that only handlers include, together and in bytes.
const maxWatched = 16 << 10

// maxFunctionName bounds the name of a function.
const maxFunctionName = 64

// contractParams holds the WSBRIDGE_ parameters that all requests of a client share. Its methods may be called concurrently.
type contractParams struct {
	cfg     *Config
	encoded atomic.Pointer[[]byte]

	mu        sync.Mutex // guards the fields below
	described described
}

// described is what the description of the application means for later requests.
type described struct {
	yielded  []string // see the option yield
	watched  []string // see the option watch
	copy     string   // see the option copy
	server   bool     // see the option server
	resident bool     // it is for a request that stays
}

func newContractParams(cfg *Config) *contractParams {
	p := &contractParams{cfg: cfg}
	p.store(described{})
	return p
}

// bytes returns the encoded parameters. The caller must not change them.
func (p *contractParams) bytes() []byte { return *p.encoded.Load() }

// yield has all later requests leave a function, or the functions of a file, to the application. It ignores anything else.
func (p *contractParams) yield(name string) {
	if !isYieldable(name) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.described.yielded) < maxYielded && !slices.Contains(p.described.yielded, name) {
		d := p.described
		d.yielded = append(slices.Clone(d.yielded), name)
		p.store(d)
	}
}

// yieldedFiles returns the files that are loaded before our helpers. To load them does no harm as long as they exist.
func (p *contractParams) yieldedFiles() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.described.yielded), func(name string) bool { return !strings.HasPrefix(name, "@") })
}

// setDescribed replaces what was known.
func (p *contractParams) setDescribed(d described) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.store(d)
}

// store sets and encodes the parameters. The caller holds mu.
func (p *contractParams) store(d described) {
	p.described = d
	b := p.encode(d)
	p.encoded.Store(&b)
}

// encode returns the encoded parameters for an application of which d is known.
func (p *contractParams) encode(d described) []byte {
	b := appendPair(nil, "WSBRIDGE_CONTRACT", strconv.Itoa(protocol.Version))
	b = appendPair(b, "WSBRIDGE_EVENTS_FILE", p.cfg.EventsFile)
	return appendPair(b, "WSBRIDGE_OPTIONS", p.options(d))
}

// resident returns the encoded parameters of a request that is to stay. Its contract is another one.
func (p *contractParams) resident() []byte {
	p.mu.Lock()
	d := p.described
	p.mu.Unlock()
	d.resident = true
	return p.encode(d)
}

// options returns the lines of WSBRIDGE_OPTIONS. No value has a line break, see forbidden and encodeList.
func (p *contractParams) options(d described) string {
	contract := strconv.Itoa(protocol.Version)
	if d.resident {
		contract += " resident"
	}
	initialize, announce, server := "every", "", ""
	if p.cfg.InitializeOnce {
		initialize = "once"
	}
	if p.cfg.Network == "tcp" {
		announce = "1"
	}
	if d.server {
		server = "1"
	}
	return strings.Join([]string{
		contract, p.cfg.EventsFile, p.cfg.SettingsFile, d.copy, initialize, p.cfg.Presence, announce, server,
		strings.Join(d.yielded, ","), encodeList(d.watched), p.limit(d),
	}, "\n")
}

// limit returns the option limit. A resident worker is interrupted when the time of an event is over, see package resident.
func (p *contractParams) limit(d described) string {
	const least, below = 3 * time.Second, time.Second
	limit := p.cfg.Timeout
	switch {
	case d.resident:
		return "0"
	case limit >= least:
		limit -= below
	}
	return strconv.FormatInt(int64((limit+time.Second-1)/time.Second), 10)
}

// encodeList joins percent-encoded paths with commas, as many as fit: all WSBRIDGE_ parameters share one record.
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

// isYieldable reports whether s may be yielded: the name of a function, or "@" and the path of a file that is loaded before our
// helpers are defined.
func isYieldable(s string) bool {
	file, isFile := strings.CutPrefix(s, "@")
	return isFunctionName(s) || isFile && path.IsAbs(file) && len(file) <= maxPath && !strings.ContainsAny(file, ","+forbidden)
}

func isFunctionName(s string) bool {
	return s != "" && len(s) <= maxFunctionName && strings.IndexByte(digits, s[0]) < 0 &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < 0x80 && !strings.ContainsRune(letters+digits+"_", r) })
}
