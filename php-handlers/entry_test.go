package phphandlers

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// evalText is a handler that runs a text as PHP code and sends what it returns, so that tests look at things from within PHP.
const evalText = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$answer=eval($msg);
	if ($answer!==Null) { send_text($client_key,is_string($answer)?$answer:json_encode($answer)); }
}
`

// ask runs code as client 12 of three and returns the first message that it sends to itself.
func (a *app) ask(code string) string {
	a.t.Helper()
	effects := a.run(table(protocol.Text, code, three))
	for _, e := range effects {
		if e.Send != nil {
			return string(e.Send.Payload)
		}
	}
	a.t.Fatalf("%s sends nothing: %s %v", code, show(effects), logged(effects))
	return ""
}

func TestNobodyElseCanCallTheEntryScript(t *testing.T) {
	a := newApp(t, `echo "loaded";`)
	for name, params := range map[string]map[string]string{
		"web request":   {"SCRIPT_FILENAME": a.params["SCRIPT_FILENAME"], "REQUEST_METHOD": "GET"},
		"with a header": {"SCRIPT_FILENAME": a.params["SCRIPT_FILENAME"], "REQUEST_METHOD": "POST", "HTTP_WSBRIDGE_CONTRACT": "1", "HTTP_WSBRIDGE_TOKEN": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			r := (&app{fpm: a.fpm, t: t, params: params}).post(nil, nil)
			if r.status != http.StatusNotFound || r.body.Len() > 0 {
				t.Errorf("got %d %q", r.status, r.body.String())
			}
		})
	}
}

func TestRequestsThatAreNotUnderstood(t *testing.T) {
	a := newApp(t, `function ws_server_text() { send_text(12,"ran"); }`)
	t.Run("another version", func(t *testing.T) {
		f := failure(t, a.with("contract", "2").run(row(protocol.Text, "x", "{}")))
		if f.Kind != protocol.FailedRequest || !strings.Contains(f.Message, "version 1") {
			t.Errorf("got %+v", f)
		}
	})
	t.Run("body cut off", func(t *testing.T) {
		body := row(protocol.Text, "whole", "{}").AppendTo(nil)
		f := failure(t, decodeAnswer(t, a.post(body[:len(body)-1], nil).body.Bytes()))
		if f.Kind != protocol.FailedRequest || !strings.Contains(f.Message, "4 of 5 bytes") {
			t.Errorf("got %+v", f)
		}
	})
	t.Run("body cut off between events", func(t *testing.T) {
		const block = 8192 // PHP drops the part that it has read of an incomplete block
		body := row(protocol.Text, strings.Repeat("x", 8000), "{}").AppendTo(nil)
		body = row(protocol.Text, strings.Repeat("x", 8000+block-len(body)), "{}").AppendTo(nil)
		answer := a.with("CONTENT_LENGTH", strconv.Itoa(2*len(body))).postAndHangUp(body)
		if !strings.Contains(answer, `"kind":"request","message":"the body ends after 8192 of 16384 bytes"`) || strings.Contains(answer, "ran") {
			t.Errorf("got %q", answer)
		}
	})
	for name, body := range map[string]string{"nothing": "", "no JSON": "hello\n", "no event": `{"v":1}` + "\n"} {
		t.Run(name, func(t *testing.T) {
			effects := decodeAnswer(t, a.post([]byte(body), nil).body.Bytes())
			if len(effects) != 1 || !strings.HasPrefix(effects[0].Stray, "wsbridge: ") {
				t.Errorf("got %s", show(effects))
			}
		})
	}
}

func TestRequestsAreAnnouncedIfWsbridgeAsks(t *testing.T) {
	a := newApp(t, evalText+`if (session_name("chat")===False) { echo "too late"; }`)
	event := table(protocol.Text, `return session_name();`, three).AppendTo(nil)
	for asked, want := range map[string]bool{"": false, "1": true} {
		b := a
		if asked != "" {
			b = a.with("announce", asked)
		}
		r := b.post(event, nil)
		got := strings.Contains(r.log, token+" begun") // many times from PHP 8.4 on, see announce()
		if got != want || !strings.Contains(r.body.String(), "\nchat\n") {
			t.Errorf("asked %q: announced %t, %s", asked, got, r.body.String())
		}
		if whole := decodeAnswer(t, r.body.Bytes()); len(whole) != 2 {
			t.Errorf("asked %q: got %s", asked, show(whole))
		}
	}
	cut := a.with("announce", "1").post(event[:len(event)-1], nil)
	if strings.Contains(cut.log, "begun") {
		t.Error("announced a request that nothing came of")
	}
}

func TestSeveralEventsInOneRequest(t *testing.T) {
	a := newApp(t, `
$count=0;
function ws_server_text(&$connections,&$connection,$client_key,$msg) { global $count; $connection["n"]=++$count; send_text($client_key,$msg); }
function ws_server_before_close(&$connections,&$connection) { send_text(15,"closing ".$connection["n"]); }`)
	second := table(protocol.Text, "two\nlines", three)
	second.Seq = 8
	third := table(protocol.Closing, "", `{"12":{"state":"OPEN","n":2},"15":{"state":"OPEN"}}`)
	third.Seq = 9
	effects := a.run(table(protocol.Text, "", three), second, third)
	want(t, effects,
		"send [12] ", `done {"rows":{"12":{"set":{"n":1}}}}`,
		"send [12] two\nlines", `done {"rows":{"12":{"set":{"n":2}}}}`,
		"send [15] closing 2", `close {"client":12,"handled":true}`, "done {}")
	for i, seq := range []uint64{7, 7, 8, 8, 9, 9, 9} {
		if effects[i].Seq != seq {
			t.Errorf("effect %d has seq %d", i, effects[i].Seq)
		}
	}
}

func TestPayloadsAreExact(t *testing.T) {
	a := newApp(t, `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { do_reply($client_key,encode_frame(2,$data)); }`)
	for name, payload := range map[string]string{
		"utf-8": "Grüße, 世界 🎉", "newlines": "\n\n{}\n", "looks like an effect": token + ` {"seq":7,"done":{}}` + "\n",
		"16 MiB": strings.Repeat("0123456789abcdef", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			if effects := a.run(row(protocol.Text, payload, `{"state":"OPEN"}`)); len(effects) != 2 || string(effects[0].Send.Payload) != payload {
				t.Errorf("got %.200s", show(effects))
			}
		})
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	effects := a.run(row(protocol.Binary, string(every), `{"state":"OPEN"}`))
	frames, err := socket.ParseFrames(effects[0].Frames.Payload)
	if err != nil || string(frames[0].Payload) != string(every) {
		t.Errorf("got %q, %v", effects[0].Frames.Payload, err)
	}
}

func TestEffectsArriveWhileTheHandlerWorks(t *testing.T) {
	a := newApp(t, `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,"working");
	while (!file_exists(__DIR__."/go")) { usleep(1000); clearstatcache(); }
	ob_start();
	send_text($client_key,"in a buffer");
	while (!file_exists(__DIR__."/on")) { usleep(1000); clearstatcache(); }
	ob_end_clean();
}`)
	var arrived strings.Builder
	r := a.post(row(protocol.Text, "", `{"state":"OPEN"}`).AppendTo(nil), func(p []byte) {
		before := arrived.String()
		arrived.Write(p)
		for text, file := range map[string]string{"working": "app/go", "in a buffer": "app/on"} {
			if strings.Contains(arrived.String(), text) && !strings.Contains(before, text) {
				a.write(t, file, "")
			}
		}
	})
	want(t, decodeAnswer(t, r.body.Bytes()), "send [12] working", "send [12] in a buffer", "done {}")
}

func TestPathsThroughLinks(t *testing.T) {
	a := newApp(t, `function show_message($m) { echo "own ".$m; } function ws_server_text(&$connections,&$connection,$client_key,$msg) { show_message($msg); send_text(12,unix_to_iso_timestamp(0)); }`)
	if err := os.Symlink(a.dir, a.path("link")); err != nil {
		t.Fatal(err)
	}
	linked := a.with("SCRIPT_FILENAME", a.path("link/php/"+Entry), "events", a.path("link/app/push_server_events.php"))
	effects, yielded := linked.askYielding(func() *protocol.Event { return table(protocol.Text, "x", three) })
	want(t, effects, "send [12] 1970-01-01T00:00:00Z", "done {}")
	wantLogged(t, effects, "info own x")
	if len(yielded) != 1 || yielded[0] != "show_message" {
		t.Errorf("yielded %q", yielded)
	}
	f := failure(t, linked.with("events", a.path("link/nowhere.php")).run(table(protocol.Text, "x", three)))
	if f.Kind != protocol.FailedUnreadable {
		t.Errorf("got %+v", f)
	}
	effects = linked.with("yield", "show_message").run(&protocol.Event{Kind: protocol.Describe, Seq: 1})
	if got := string(effects[0].Done.Result); strings.Contains(got, `"sockets":`) || !strings.Contains(got, `"watch":[]`) {
		t.Errorf("got %s", got)
	}
}
