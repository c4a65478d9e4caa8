package control

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/protocol"
	"github.com/wsbridge/wsbridge/protocol/phpvalue"
)

const (
	lineTimeout  = 10 * time.Second // until a reader has taken a line
	lineInterval = 15 * time.Second // between lines, which are empty where there are no events
)

// events streams events as they end, a line each.
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
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep lines back
	st := &stream{writer: w, controller: http.NewResponseController(w)}
	_ = st.controller.SetReadDeadline(time.Time{}) // its end would end the request
	if st.write(nil) != nil {
		return
	}
	s.follow(r, tail, st, filter.Payloads)
}

// follow writes until the reader leaves or is too slow for a single line, or the server ends.
func (s *Server) follow(r *http.Request, tail *bridge.Tail, st *stream, payloads bool) {
	tick := time.NewTicker(lineInterval)
	defer tick.Stop()
	leave := s.leave(r)
	for {
		var line any
		select {
		case t := <-tail.Traces():
			line = event(t, payloads)
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		case <-leave:
			return
		case <-tail.Ended():
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

// leave returns what ends a stream of the public listener, which a drain waits for.
func (s *Server) leave(r *http.Request) <-chan struct{} {
	if isPublic(r) {
		return s.cfg.Bridge.Draining()
	}
	return nil
}

// stream writes lines, each with a deadline.
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

func tailFilter(q url.Values) (bridge.TailFilter, error) {
	f := bridge.TailFilter{}
	for _, text := range q["client"] {
		key, err := strconv.ParseInt(text, 10, 64)
		if err != nil || key < 0 {
			return f, refusal(http.StatusBadRequest, "client=%s: want a connection's key, or 0 for events of the server", text)
		}
		f.Clients = append(f.Clients, key)
	}
	for _, text := range q["event"] {
		if known := api.EventNames(); !slices.Contains(known, text) {
			return f, refusal(http.StatusBadRequest, "event=%s: want one of %v", text, known)
		}
		f.Kinds = append(f.Kinds, protocol.Kind(text))
	}
	switch text := q.Get("payloads"); text {
	case "", "0":
	case "1":
		f.Payloads = true
	default:
		return f, refusal(http.StatusBadRequest, "payloads=%s: want 0 or 1", text)
	}
	return f, nil
}

// event is a trace as the API writes it.
func event(t *bridge.Trace, payloads bool) api.Event {
	e := api.Event{
		Time: stamp(t.Time), Seq: t.Seq, Event: string(t.Kind), Client: t.Client, Bytes: t.Bytes,
		Queue: api.Of(t.Queue), Connect: api.Of(t.Connect), Wait: api.Of(t.Wait), Run: api.Of(t.Run), Apply: api.Of(t.Apply),
		Total: api.Of(t.Total), Made: api.Made(t.Made), Failure: t.Failure,
	}
	if t.Result != nil {
		e.Result = phpvalue.Readable(t.Result)
	}
	if payloads {
		e.Payload = &api.Text{Data: t.Payload, Cut: t.Bytes - len(t.Payload)}
	}
	if t.Fault != nil {
		e.Error, e.File, e.Line = t.Fault.Message, t.Fault.File, t.Fault.Line
	}
	for _, f := range t.Effects {
		e.Effects = append(e.Effects, effect(&f, payloads))
	}
	if t.Effects != nil || t.Result != nil {
		if t.Made.Rows > 0 {
			e.Effects = append(e.Effects, api.Effect{Rows: t.Made.Rows})
		}
		if t.More > 0 {
			e.Effects = append(e.Effects, api.Effect{More: t.More})
		}
	}
	return e
}

func effect(f *bridge.Effect, payloads bool) api.Effect {
	a := api.Effect{Close: f.Close, Log: f.Log}
	if m := f.Send; m != nil {
		a.Send = &api.Send{To: m.To, Count: m.Sockets, Bytes: m.Bytes, Binary: m.Binary, Frames: m.Frames}
		if payloads {
			a.Send.Payload = &api.Text{Data: m.Payload, Cut: m.Bytes - len(m.Payload)}
		}
	}
	return a
}

func (s *Server) errors(http.ResponseWriter, *http.Request) (any, error) {
	a := api.Errors{Errors: []api.Failure{}}
	for _, i := range s.cfg.Bridge.Incidents() {
		a.Errors = append(a.Errors, api.Failure{Time: stamp(i.Time), Event: string(i.Kind), Client: i.Client, Failure: i.Name,
			Message: i.Message, File: i.File, Line: i.Line, Times: i.Times})
	}
	return a, nil
}
