package phphandlers

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yookoala/gofast"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	token      = "t0k3n"
	maxPayload = 64 << 20
)

// app is a legacy application on a php-fpm of its own.
type app struct {
	*fpm
	t      testing.TB
	params map[string]string
}

// newApp writes handlers, PHP code without its opening tag, to the application's push_server_events.php.
func newApp(t testing.TB, handlers string) *app { return newAppWith(t, handlers, nil) }

// newAppWith is newApp with further settings of php.ini.
func newAppWith(t testing.TB, handlers string, ini map[string]string) *app {
	t.Helper()
	a := &app{fpm: startFPM(t, ini), t: t}
	a.params = map[string]string{
		"SCRIPT_FILENAME": a.path("php/" + Entry),
		"REQUEST_METHOD":  "GET",
		"WSBRIDGE_TOKEN":  token,
		"contract":        strconv.Itoa(protocol.Version),
		"events":          a.write(t, "app/push_server_events.php", "<?php\n"+handlers),
		"initialize":      "once",
	}
	return a
}

// with returns the application with further parameters of the request, or options: names and values in turn.
func (a *app) with(pairs ...string) *app {
	params := maps.Clone(a.params)
	for i := 0; i < len(pairs); i += 2 {
		params[pairs[i]] = pairs[i+1]
	}
	return &app{fpm: a.fpm, t: a.t, params: params}
}

// options are the lines of WSBRIDGE_OPTIONS.
var options = []string{"contract", "events", "settings", "copy", "initialize", "presence", "announce", "server", "yield", "watch", "limit"}

// requestParams returns the parameters of a request, with the options in one.
func (a *app) requestParams() map[string]string {
	params := maps.Clone(a.params)
	lines := make([]string, len(options))
	for i, name := range options {
		lines[i] = params[name]
		delete(params, name)
	}
	params["WSBRIDGE_OPTIONS"] = strings.Join(lines, "\n")
	return params
}

// row returns an event of client 12 that sees only its own row, a JSON object.
func row(kind protocol.Kind, payload, row string) *protocol.Event {
	open := "1-12,15"
	return &protocol.Event{Kind: kind, Seq: 7, Client: 12, Payload: []byte(payload), Rows: encodeRows(`{"12":` + row + `}`), Open: &open}
}

// table returns an event of client 12 that sees all rows, JSON objects by client key.
func table(kind protocol.Kind, payload, rows string) *protocol.Event {
	return &protocol.Event{Kind: kind, Seq: 7, Client: 12, Payload: []byte(payload), Rows: encodeRows(rows), Whole: true}
}

// serverEvent returns an event without a client.
func serverEvent(kind protocol.Kind, payload, rows string) *protocol.Event {
	return &protocol.Event{Kind: kind, Seq: 7, Payload: []byte(payload), Rows: encodeRows(rows), Whole: true}
}

// encodeRows encodes rows given as JSON as wsbridge sends them.
func encodeRows(doc string) (e protocol.Encoded) {
	var rows protocol.Fields
	if err := json.Unmarshal([]byte(doc), &rows); err != nil {
		panic(err) // the test's own text
	}
	for _, r := range rows {
		var fields protocol.Fields
		key, keyErr := strconv.ParseInt(r.Name, 10, 64)
		if err := errors.Join(keyErr, json.Unmarshal(r.Value, &fields)); err != nil {
			panic(err)
		}
		part, traits := protocol.AppendRow(nil, key, fields)
		e.Add(1, part, traits)
	}
	return e
}

// three holds the rows of three clients, the last of which is not open.
const three = `{"12":{"id":"a","state":"OPEN"},"15":{"id":"b","state":"OPEN"},"16":{"id":"c","state":"CONNECTING"}}`

// run sends the events in one request and returns the effects.
func (a *app) run(events ...*protocol.Event) []*protocol.Effect {
	a.t.Helper()
	var body []byte
	for _, e := range events {
		body = e.AppendTo(body)
	}
	return decodeAnswer(a.t, a.post(body, nil).body.Bytes())
}

// response is an http.ResponseWriter that stores the answer and passes on each piece as it arrives.
type response struct {
	status int
	header http.Header
	body   bytes.Buffer
	log    string // PHP's error stream
	piece  func([]byte)
}

func (r *response) Header() http.Header    { return r.header }
func (r *response) WriteHeader(status int) { r.status = status }

func (r *response) Write(p []byte) (int, error) {
	if r.piece != nil {
		r.piece(p)
	}
	return r.body.Write(p)
}

// post sends a request to php-fpm through gofast.
func (a *app) post(body []byte, piece func([]byte)) *response {
	a.t.Helper()
	client, err := gofast.SimpleClientFactory(gofast.SimpleConnFactory("unix", a.socket))()
	if err != nil {
		a.t.Fatal(err)
	}
	defer client.Close()
	request := gofast.NewRequest(nil)
	maps.Copy(request.Params, a.requestParams())
	request.Params["CONTENT_LENGTH"] = strconv.Itoa(len(body))
	request.Stdin = io.NopCloser(bytes.NewReader(body))
	pipe, err := client.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	r := &response{header: http.Header{}, piece: piece}
	var stderr strings.Builder
	if err := pipe.WriteTo(r, &stderr); err != nil {
		a.t.Fatal(err)
	}
	r.log = stderr.String()
	if stderr.Len() > 0 {
		a.t.Logf("php's log: %s", stderr.String())
	}
	return r
}

// postAndHangUp sends a body that is shorter than CONTENT_LENGTH, closes its side, and returns the answer.
func (a *app) postAndHangUp(body []byte) string {
	a.t.Helper()
	var params []byte
	for name, value := range a.requestParams() {
		params = binary.BigEndian.AppendUint32(params, uint32(len(name))|1<<31)
		params = binary.BigEndian.AppendUint32(params, uint32(len(value))|1<<31)
		params = append(params, name+value...)
	}
	var wire []byte
	for _, r := range []struct {
		kind    byte
		content []byte
	}{{1, []byte{0, 1, 0, 0, 0, 0, 0, 0}}, {4, params}, {4, nil}, {5, body}} {
		wire = append(wire, 1, r.kind, 0, 1, byte(len(r.content)>>8), byte(len(r.content)), 0, 0)
		wire = append(wire, r.content...)
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: a.socket})
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Write(wire)
	if err := errors.Join(err, conn.CloseWrite()); err != nil {
		a.t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(answer)
}

func decodeAnswer(t testing.TB, answer []byte) (effects []*protocol.Effect) {
	t.Helper()
	d := protocol.NewAnswerDecoder(token, maxPayload)
	keep := func(e *protocol.Effect) error {
		kept := *e
		for _, s := range []**protocol.Send{&kept.Send, &kept.Frames} {
			if *s != nil {
				message := **s
				message.Payload, message.To.Keys = bytes.Clone(message.Payload), slices.Clone(message.To.Keys)
				*s = &message
			}
		}
		effects = append(effects, &kept)
		return nil
	}
	if err := d.Feed(answer, keep); err != nil {
		t.Fatalf("%v in %q", err, answer)
	}
	if err := d.Finish(keep); err != nil {
		t.Fatalf("%v in %q", err, answer)
	}
	return effects
}

// show formats effects for people, a line each, without log lines and fingerprints.
func show(effects []*protocol.Effect) string {
	var lines []string
	for _, e := range effects {
		switch {
		case e.Log != nil:
		case e.Stray != "":
			lines = append(lines, "stray "+e.Stray)
		default:
			lines = append(lines, showEffect(e))
		}
	}
	return strings.Join(lines, "\n")
}

func showEffect(e *protocol.Effect) string {
	switch {
	case e.Send != nil:
		return showPayload("send", e.Send)
	case e.Frames != nil:
		return showPayload("frames", e.Frames)
	case e.Close != nil:
		return "close " + toJSON(e.Close)
	case e.Failed != nil:
		return "failed " + string(e.Failed.Kind)
	}
	done := *e.Done
	done.Code, done.Took = "", 0
	return "done " + toJSON(done)
}

func showPayload(what string, s *protocol.Send) string {
	if s.Binary {
		what += " binary"
	}
	return what + " " + toJSON(s.To) + " " + string(s.Payload)
}

func toJSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// want compares effects with the lines that show returns.
func want(t testing.TB, effects []*protocol.Effect, lines ...string) {
	t.Helper()
	if got, want := show(effects), strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s\nlogged\n%s", got, want, strings.Join(logged(effects), "\n"))
	}
}

// logged returns the log lines as level and message.
func logged(effects []*protocol.Effect) (lines []string) {
	for _, e := range effects {
		if e.Log != nil {
			lines = append(lines, e.Log.Level+" "+e.Log.Message)
		}
	}
	return lines
}

// wantLogged checks that a log line contains text.
func wantLogged(t testing.TB, effects []*protocol.Effect, text string) {
	t.Helper()
	if lines := strings.Join(logged(effects), "\n"); !strings.Contains(lines, text) {
		t.Errorf("%q is not logged: %s", text, lines)
	}
}

// failure returns the failure that ended the last event.
func failure(t testing.TB, effects []*protocol.Effect) *protocol.Failure {
	t.Helper()
	if len(effects) == 0 || effects[len(effects)-1].Failed == nil {
		t.Fatalf("did not fail: %s", show(effects))
	}
	return effects[len(effects)-1].Failed
}
