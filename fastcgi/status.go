package fastcgi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// statusTimeout bounds the request for the page. If all workers are busy, no one answers.
	statusTimeout = 3 * time.Second
	// maxStatusPage bounds the page. A worker takes less than 3 KB of it.
	maxStatusPage = 16 << 20
	// While another of its processes counts, php-fpm refuses to answer. It is asked so many times, with a pause between.
	statusAttempts = 5
	statusPause    = 10 * time.Millisecond
)

// ErrNoStatusPage says that no status page is configured.
var ErrNoStatusPage = errors.New("fastcgi: no status page is configured")

// StatusPage is where php-fpm reports its state.
type StatusPage struct {
	Network, Address string // the pool's, or those of pm.status_listen
	Path             string // pm.status_path; empty if there is none
}

// Status is what php-fpm reports about a pool. Workers are counted one by one, because the sums on the page can be wrong by any
// number for up to a second when workers start and end.
type Status struct {
	Pool    string
	Manager string        // "static", "dynamic" or "ondemand"
	Uptime  time.Duration // in seconds

	Workers int // now
	Idle    int // that wait for a connection; a worker that a kept connection holds is active

	// Totals since the start.
	Connections        int
	MaxChildrenReached int // how often pm.max_children was too low
	SlowRequests       int // over request_slowlog_timeout
}

// Fixed reports whether the number of workers is constant. If it is not, the page does not say how high it can become,
// pm.max_children.
func (s *Status) Fixed() bool { return s.Manager == "static" }

// Status reads Config.StatusPage; see StatusPage.Read. It fails at once if the Supervisor says that php-fpm is away.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	if err := c.cfg.away(); err != nil {
		return nil, err
	}
	return c.cfg.StatusPage.Read(ctx)
}

// Read requests the page on a connection of its own, and blocks for 3 seconds at most. That takes a worker for a moment, except at
// the address of pm.status_listen. Its errors wrap one of protocol's, or are ErrNoStatusPage.
func (p StatusPage) Read(ctx context.Context) (*Status, error) {
	if p.Path == "" {
		return nil, ErrNoStatusPage
	}
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	body, err := p.get(ctx)
	for attempt := 1; errors.Is(err, errStatusBusy) && attempt < statusAttempts; attempt++ {
		time.Sleep(statusPause)
		body, err = p.get(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("read status page %s: %w", p.Path, err)
	}
	s := parseStatusPage(body)
	if s.Manager == "" {
		return nil, fmt.Errorf("read status page %s: %w: %.40q", p.Path, protocol.ErrMalformed, body)
	}
	return s, nil
}

func (p StatusPage) get(ctx context.Context) (body []byte, err error) {
	params, err := encodeParams(map[string]string{
		"REQUEST_METHOD": http.MethodGet, "SCRIPT_NAME": p.Path, "SCRIPT_FILENAME": p.Path, "REQUEST_URI": p.Path,
		"QUERY_STRING": "full", "SERVER_PROTOCOL": "HTTP/1.1",
	})
	if err != nil {
		return nil, err
	}
	k, err := dial(ctx, &Config{Network: p.Network, Address: p.Address})
	if err != nil {
		return nil, err
	}
	defer k.Close()
	k.deadline = time.Now().Add(statusTimeout)
	k.interrupter.bind(ctx)
	k.arm(ctx)
	k.request.encode(params, nil, nil)
	if err := k.send(); err != nil {
		return nil, fmt.Errorf("%w: %w", protocol.ErrUnavailable, err)
	}
	var got pageSink
	if _, err := readAnswer(k.reader, &got); err != nil {
		return nil, explain(ctx, err, statusTimeout)
	}
	switch got.header.status {
	case http.StatusOK:
		return got.body, nil
	case http.StatusInternalServerError:
		return nil, fmt.Errorf("%w: %.40q", errStatusBusy, got.body)
	}
	return nil, fmt.Errorf("%w: status %d: %.40q", protocol.ErrMalformed, got.header.status, got.body)
}

// errStatusBusy is php-fpm's answer while another of its processes counts (sapi/fpm/fpm/fpm_status.c, fpm_status_handle_request).
var errStatusBusy = fmt.Errorf("%w: php-fpm does not tell its state now", protocol.ErrMalformed)

// parseStatusPage reads the plain form of the page: "name: value" lines of the pool, then of each worker after a line of asterisks.
// Nothing that a visitor of the site sends can begin a line.
func parseStatusPage(page []byte) *Status {
	s, pool := &Status{}, map[string]string{}
	for line := range strings.Lines(string(page)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch {
		case strings.HasPrefix(name, "****"):
			s.Workers++
		case s.Workers == 0:
			pool[name] = value
		case name == "state" && value == "Idle":
			s.Idle++
		}
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(pool[name]) // 0 if it is not a number
		return n
	}
	s.Pool, s.Manager = pool["pool"], pool["process manager"]
	s.Uptime = time.Duration(number("start since")) * time.Second
	s.Connections, s.MaxChildrenReached = number("accepted conn"), number("max children reached")
	s.SlowRequests = number("slow requests")
	return s
}

// pageSink takes the answer to a request that does not carry events.
type pageSink struct {
	header header
	body   []byte
}

func (p *pageSink) stdout(b []byte) error {
	b, err := p.header.feed(b)
	if err == nil && len(p.body)+len(b) > maxStatusPage {
		err = fmt.Errorf("%w: page over %d bytes", protocol.ErrMalformed, maxStatusPage)
	}
	p.body = append(p.body, b...)
	return err
}

func (p *pageSink) stderr([]byte) error { return nil }
