package control

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/protocol"
)

// call answers a request with a value for JSON. It uses w only for deadlines and limits.
type call func(w http.ResponseWriter, r *http.Request) (any, error)

// route is a path, what it needs and what answers it: call, or handler where that is set.
type route struct {
	method, path string
	role         config.Role // that it needs; empty: none, since what it tells is no secret
	call         call
	handler      http.Handler
	params       []string // of the query; a name that ends with a dot is a prefix
	status       int      // of a good answer; 0: 200
	action       string   // for the log, which tells who did it; empty: it changes nothing
	often        bool     // programs repeat it: the log has the first, then the number
}

// table has all requests that there are, but for the dashboard's files.
func (s *Server) table() []route {
	const metrics, read, operate = config.RoleMetrics, config.RoleRead, config.RoleOperate
	filter := []string{"state", "row."}
	return []route{
		{method: "GET", path: "/healthz", handler: http.HandlerFunc(alive)},
		{method: "GET", path: "/readyz", handler: http.HandlerFunc(s.ready)},
		{method: "GET", path: "/metrics", role: metrics, handler: s.cfg.Metrics},
		{method: "GET", path: "/v1/status", role: read, call: s.status},
		{method: "GET", path: "/v1/connections", role: read, call: s.connections, params: append(filter, "limit", "after", "fields")},
		{method: "GET", path: "/v1/connections/{key}", role: read, call: s.connection},
		{method: "GET", path: "/v1/workers", role: read, call: s.workers},
		{method: "GET", path: "/v1/journal", role: read, call: s.journal},
		{method: "GET", path: "/v1/log", role: read, call: s.log},
		{method: "GET", path: "/v1/events", role: read, handler: http.HandlerFunc(s.events)},
		{method: "GET", path: "/v1/errors", role: read, call: s.errors},
		{method: "GET", path: "/v1/series", role: read, call: s.getSeries, params: []string{"after"}},
		{method: "POST", path: "/v1/connections/{key}/send", role: operate, call: s.send, action: "send", often: true},
		{method: "POST", path: "/v1/connections/{key}/close", role: operate, call: s.close, action: "close"},
		{method: "POST", path: "/v1/broadcast", role: operate, call: s.broadcast, params: filter, action: "broadcast"},
		{method: "POST", path: "/v1/fifo", role: operate, call: s.fifo, params: []string{"timeout", "wait"}, action: "fifo", often: true},
		{method: "POST", path: "/v1/pause", role: operate, call: s.pause, action: "pause"},
		{method: "POST", path: "/v1/resume", role: operate, call: s.resume, action: "resume"},
		{method: "POST", path: "/v1/drain", role: operate, call: s.drain, status: http.StatusAccepted, action: "drain"},
		{method: "POST", path: "/v1/reload", role: operate, call: s.reload, action: "reload"},
		{method: "POST", path: "/v1/upgrade", role: operate, call: s.upgrade, action: "upgrade"},
		{method: "POST", path: "/v1/workers/recycle", role: operate, call: s.recycle, action: "recycle"},
		{method: "POST", path: "/v1/workers/kill", role: operate, call: s.kill, params: []string{"pid"}, action: "kill"},
		{method: "PUT", path: "/v1/log", role: operate, call: s.setLog, action: "log"},
		{method: "GET", path: "/debug/pprof/", role: operate, handler: profiles()},
		{method: "POST", path: "/debug/pprof/", role: operate, handler: profiles()},
	}
}

// routes returns the handler of all requests, which know who asks: see withOperator.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, t := range s.table() {
		mux.HandleFunc(t.method+" "+t.path, func(w http.ResponseWriter, r *http.Request) { s.serveRoute(t, w, r) })
		methods[t.path] = append(methods[t.path], t.method)
	}
	known := func(path string, h http.Handler) { // what there is and what there is not is told to no stranger
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			s.serveRoute(route{role: config.RoleRead, handler: h}, w, r)
		})
	}
	for path, allowed := range methods {
		known(path, notAllowed(allowed))
	}
	known("/v1/", http.HandlerFunc(notFound))
	known("/debug/", http.HandlerFunc(notFound))
	mux.Handle("/", s.page())
	return mux
}

// serveRoute answers a request if the role of who asks allows it.
func (s *Server) serveRoute(t route, w http.ResponseWriter, r *http.Request) {
	if no := s.authorize(r, t.role); no != nil {
		if no.Status == http.StatusForbidden {
			s.audit(t, r, no.Status, no)
		}
		fail(w, no)
		return
	}
	if no := s.checkPurpose(r); no != nil {
		fail(w, no)
		return
	}
	if t.handler != nil {
		t.handler.ServeHTTP(w, r)
		return
	}
	if t.action != "" {
		if no := s.awaitHold(r); no != nil {
			s.audit(t, r, no.Status, no)
			fail(w, no)
			return
		}
	}
	status, body := t.answer(w, r)
	s.audit(t, r, status, body)
	if e, failed := body.(*api.Error); failed {
		fail(w, e)
		return
	}
	answer(w, status, body)
}

// answer returns what the call answers: a value with its status, or an *api.Error with that one's.
func (t route) answer(w http.ResponseWriter, r *http.Request) (status int, body any) {
	if err := checkQuery(r, t.params); err != nil {
		return err.Status, err
	}
	body, err := t.call(w, r)
	if err != nil {
		e := asError(err)
		return e.Status, e
	}
	return cmp.Or(t.status, http.StatusOK), body
}

// checkQuery refuses unknown parameters: most are misspelt, and ignoring them would do something else than was meant. So it is with a second value
// where one counts.
func checkQuery(r *http.Request, known []string) *api.Error {
	for name, values := range r.URL.Query() {
		ok := slices.ContainsFunc(known, func(k string) bool {
			if strings.HasSuffix(k, ".") {
				return strings.HasPrefix(name, k) && len(name) > len(k)
			}
			return name == k
		})
		switch {
		case ok && len(values) > 1 && !isList(name):
			return errorf(http.StatusBadRequest, "%s is there %d times: want it once", name, len(values))
		case ok:
		case len(known) == 0:
			return errorf(http.StatusBadRequest, "unknown parameter %q: there are none", name)
		default:
			return errorf(http.StatusBadRequest, "unknown parameter %q: there are %s", name, strings.ReplaceAll(strings.Join(known, ", "), "row.", "row.NAME"))
		}
	}
	return nil
}

// isList reports whether a parameter may have several values.
func isList(name string) bool {
	return slices.Contains([]string{"state", "fields", "client", "event"}, name) || strings.HasPrefix(name, "row.")
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(body) // the client is gone, or sees that the answer is cut
}

func fail(w http.ResponseWriter, e *api.Error) {
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="wsbridge"`) // RFC 6750, section 3
	}
	if e.Again {
		w.Header().Set("Connection", "close") // it would lead to this process again
	}
	answer(w, e.Status, e)
}

func errorf(status int, format string, args ...any) *api.Error {
	return &api.Error{Status: status, Text: fmt.Sprintf(format, args...)}
}

// asError returns an error with its status.
func asError(err error) *api.Error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errorf(http.StatusRequestEntityTooLarge, "the body is too large: %d bytes at most", tooLarge.Limit)
	}
	for _, known := range [...]struct {
		err    error
		status int
	}{
		{bridge.ErrNoClient, http.StatusNotFound}, {bridge.ErrNoHandler, http.StatusNotFound},
		{bridge.ErrNotOpen, http.StatusConflict}, {bridge.ErrQueueFull, http.StatusConflict},
		{bridge.ErrBadMessage, http.StatusBadRequest}, {bridge.ErrBadClose, http.StatusBadRequest},
		{bridge.ErrStarting, http.StatusServiceUnavailable}, {bridge.ErrHandingOver, http.StatusServiceUnavailable},
		{errHandedOver, http.StatusServiceUnavailable}, {bridge.ErrStopping, http.StatusServiceUnavailable},
		{bridge.ErrPaused, http.StatusServiceUnavailable}, {bridge.ErrFull, http.StatusServiceUnavailable},
		{observe.ErrTooManyTails, http.StatusServiceUnavailable},
		{protocol.ErrUnavailable, http.StatusServiceUnavailable}, {protocol.ErrOverloaded, http.StatusServiceUnavailable},
		{bridge.ErrNotRun, http.StatusGatewayTimeout}, {bridge.ErrRuns, http.StatusGatewayTimeout},
	} {
		if errors.Is(err, known.err) {
			e := errorf(known.status, "%v", err)
			e.Again = known.err == bridge.ErrHandingOver || known.err == errHandedOver
			return e
		}
	}
	return errorf(http.StatusInternalServerError, "%v", err)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	fail(w, errorf(http.StatusNotFound, "there is no %s here", r.URL.Path))
}

func notAllowed(methods []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", strings.Join(methods, ", ")) // RFC 9110, section 15.5.6
		fail(w, errorf(http.StatusMethodNotAllowed, "%s is not for %s: use %s", r.URL.Path, r.Method, strings.Join(methods, " or ")))
	}
}
