package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/protocol"
)

// call answers a request with a value for JSON. It uses w only for deadlines and limits.
type call func(w http.ResponseWriter, r *http.Request) (any, error)

// route is a path and its call.
type route struct {
	method, path string
	call         call
	params       []string // of the query; a name that ends with a dot is a prefix
	status       int      // of a good answer; 0: 200
}

func (s *Server) calls() []route {
	filter := []string{"state", "row."}
	return []route{
		{method: "GET", path: "/v1/status", call: s.status},
		{method: "GET", path: "/v1/connections", call: s.connections, params: append(filter, "limit", "after", "fields")},
		{method: "GET", path: "/v1/connections/{key}", call: s.connection},
		{method: "POST", path: "/v1/connections/{key}/send", call: s.send},
		{method: "POST", path: "/v1/connections/{key}/close", call: s.close},
		{method: "POST", path: "/v1/broadcast", call: s.broadcast, params: filter},
		{method: "POST", path: "/v1/fifo", call: s.fifo, params: []string{"timeout"}},
		{method: "POST", path: "/v1/pause", call: s.pause},
		{method: "POST", path: "/v1/resume", call: s.resume},
		{method: "POST", path: "/v1/drain", call: s.drain, status: http.StatusAccepted},
		{method: "POST", path: "/v1/reload", call: s.reload},
		{method: "GET", path: "/v1/log", call: s.log},
		{method: "PUT", path: "/v1/log", call: s.setLog},
		{method: "GET", path: "/v1/errors", call: s.errors},
		{method: "GET", path: "/v1/series", call: s.getSeries, params: []string{"after"}},
	}
}

// routes returns the handler of all requests. It does not check who asks.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	handle := func(method, path string, h http.Handler) {
		mux.Handle(method+" "+path, h)
		methods[path] = append(methods[path], method)
	}
	for _, r := range s.calls() {
		handle(r.method, r.path, r)
	}
	handle("GET", "/v1/events", http.HandlerFunc(s.events))
	handle("GET", "/metrics", s.cfg.Metrics)
	handle("GET", "/healthz", http.HandlerFunc(alive))
	handle("GET", "/readyz", http.HandlerFunc(s.ready))
	for path, allowed := range methods {
		mux.Handle(path, notAllowed(allowed))
	}
	mux.HandleFunc("/v1/", notFound)
	mux.HandleFunc("/debug/", notFound)
	handleProfiles(mux)
	mux.Handle("/", s.page())
	return mux
}

func (t route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := checkQuery(r, t.params); err != nil {
		fail(w, err)
		return
	}
	body, err := t.call(w, r)
	if err != nil {
		fail(w, asError(err))
		return
	}
	status := t.status
	if status == 0 {
		status = http.StatusOK
	}
	answer(w, status, body)
}

// checkQuery refuses unknown parameters: most are misspelt, and ignoring them would do something else than was meant.
func checkQuery(r *http.Request, known []string) *api.Error {
	for name := range r.URL.Query() {
		ok := slices.ContainsFunc(known, func(k string) bool {
			if strings.HasSuffix(k, ".") {
				return strings.HasPrefix(name, k) && len(name) > len(k)
			}
			return name == k
		})
		switch {
		case ok:
		case len(known) == 0:
			return errorf(http.StatusBadRequest, "unknown parameter %q: there are none", name)
		default:
			return errorf(http.StatusBadRequest, "unknown parameter %q: there are %s", name, strings.ReplaceAll(strings.Join(known, ", "), "row.", "row.NAME"))
		}
	}
	return nil
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
		{bridge.ErrStarting, http.StatusServiceUnavailable}, {bridge.ErrStopping, http.StatusServiceUnavailable},
		{bridge.ErrPaused, http.StatusServiceUnavailable}, {bridge.ErrFull, http.StatusServiceUnavailable},
		{observe.ErrTooManyTails, http.StatusServiceUnavailable},
		{protocol.ErrUnavailable, http.StatusServiceUnavailable}, {protocol.ErrOverloaded, http.StatusServiceUnavailable},
		{bridge.ErrNotRun, http.StatusGatewayTimeout}, {bridge.ErrRuns, http.StatusGatewayTimeout},
	} {
		if errors.Is(err, known.err) {
			return errorf(known.status, "%v", err)
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
