package control

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/protocol"
)

const (
	lineTimeout  = 10 * time.Second // for a reader to take a line
	lineInterval = 15 * time.Second // between lines; without events they are empty
)

// events streams events as they end, one a line.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if err := checkQuery(r, []string{"client", "event", "payloads"}); err != nil {
		fail(w, err)
		return
	}
	filter, err := tailFilter(r.URL.Query())
	if err != nil {
		fail(w, asError(err))
		return
	}
	tail, err := s.cfg.Bridge.Tail(filter)
	if err != nil {
		fail(w, asError(err))
		return
	}
	defer tail.Close()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // else nginx keeps lines back
	w.Header().Set("Connection", "close")     // who asks again after an upgrade is to reach the next process
	st := &stream{writer: w, controller: http.NewResponseController(w)}
	_ = st.controller.SetReadDeadline(time.Time{}) // it would end the request
	if st.write(nil) != nil {
		return
	}
	s.follow(r, tail, st, filter.Payloads)
}

// follow writes lines until the reader leaves, is too slow for one or may not read them any more, or until the server ends.
func (s *Server) follow(r *http.Request, tail *observe.Tail, st *stream, payloads bool) {
	tick := time.NewTicker(lineInterval)
	defer tick.Stop()
	leave := s.leave(r)
	for {
		tokens := s.tokens.Load()
		var line any
		select {
		case t := <-tail.Traces():
			line = apiEvent(t, payloads)
		case <-tick.C:
		case <-tokens.replaced:
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		case <-leave:
			return
		case <-s.left:
			if writeQueued(tail, st, payloads) == nil {
				_ = st.write(handedOver{true})
			}
			return
		case <-tail.Ended():
			_ = writeQueued(tail, st, payloads)
			return
		}
		if s.isRevoked(r, config.RoleRead) {
			return
		}
		if missed := tail.Missed(); missed > 0 {
			if st.write(struct {
				Dropped int `json:"dropped"`
			}{missed}) != nil {
				return
			}
		}
		if st.write(line) != nil {
			return
		}
	}
}

// handedOver is api.Line's last one if another process has taken over.
type handedOver struct {
	HandedOver bool `json:"handed_over"`
}

// writeQueued writes the events that were there when tail ended.
func writeQueued(tail *observe.Tail, st *stream, payloads bool) error {
	for {
		select {
		case t := <-tail.Traces():
			if err := st.write(apiEvent(t, payloads)); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// leave returns a channel that is closed by a drain if the request came to the clients' listener, since the drain waits for those.
func (s *Server) leave(r *http.Request) <-chan struct{} {
	if isPublic(r) {
		return s.cfg.Bridge.Draining()
	}
	return nil
}

// stream writes lines; each has a deadline.
type stream struct {
	writer     http.ResponseWriter
	controller *http.ResponseController
}

// write writes v as a line, or an empty one for nil.
func (s *stream) write(v any) error {
	if err := s.controller.SetWriteDeadline(time.Now().Add(lineTimeout)); err != nil {
		return err
	}
	line := []byte{'\n'}
	if v != nil {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		line = append(text, '\n')
	}
	if _, err := s.writer.Write(line); err != nil {
		return err
	}
	return s.controller.Flush()
}

func tailFilter(q url.Values) (observe.Filter, error) {
	f := observe.Filter{}
	for _, text := range q["client"] {
		key, err := strconv.ParseInt(text, 10, 64)
		if err != nil || key < 0 {
			return f, errorf(http.StatusBadRequest, "client=%s: want a connection's key, or 0 for events of the server", text)
		}
		f.Clients = append(f.Clients, key)
	}
	for _, text := range q["event"] {
		if known := api.EventNames(); !slices.Contains(known, text) {
			return f, errorf(http.StatusBadRequest, "event=%s: want one of %v", text, known)
		}
		f.Kinds = append(f.Kinds, protocol.Kind(text))
	}
	var err error
	f.Payloads, err = flag(q, "payloads", false)
	return f, err
}

// flag returns a parameter that is 0 or 1; without says what it is when it is not there.
func flag(q url.Values, name string, without bool) (bool, error) {
	switch text := q.Get(name); text {
	case "":
		return without, nil
	case "0", "1":
		return text == "1", nil
	default:
		return false, errorf(http.StatusBadRequest, "%s=%s: want 0 or 1", name, text)
	}
}
