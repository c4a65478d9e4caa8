package control

import (
	"net/http"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/protocol/phpvalue"
)

// apiEvent returns a trace as the API writes it.
func apiEvent(t *observe.Trace, payloads bool) api.Event {
	e := api.Event{
		Time: apiTime(t.Time), Seq: t.Seq, Event: string(t.Kind), Client: t.Client, Worker: t.Worker, Together: t.Together, Bytes: t.Bytes,
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
		e.Effects = append(e.Effects, apiEffect(&f, payloads))
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

func apiEffect(f *observe.Effect, payloads bool) api.Effect {
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
		a.Errors = append(a.Errors, api.Failure{Time: apiTime(i.Time), Event: string(i.Kind), Client: i.Client, Failure: i.Name,
			Message: i.Message, File: i.File, Line: i.Line, Times: i.Times})
	}
	return a, nil
}
