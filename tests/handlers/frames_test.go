package handlers

import (
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// do_reply, and the functions that make and read frames.

func TestDoReplyDoesWhatTheBytesSay(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	pings := 0
	c.Conn.SetPingHandler(func(data string) error {
		if data == "pi" {
			pings++
		}
		return nil
	})
	c.Send(`do_reply($client_key,encode_frame(2,"\xff\x00").encode_frame(9,"pi").encode_text_data_frame("text")); return "done";`)
	if op, data := c.Next(); op != websocket.BinaryMessage || string(data) != "\xff\x00" {
		t.Errorf("got %d %q", op, data)
	}
	c.Want("text")
	c.Want("done")
	if pings != 1 {
		t.Errorf("got %d pings", pings)
	}
	c.Send(`do_reply($client_key,encode_frame(1,str_repeat("x",70000)));`)
	if got := c.Receive(); len(got) != 70000 {
		t.Errorf("got %d bytes", len(got))
	}
	c.Send(`do_reply($client_key,"no frame at all"); return "survived";`)
	c.Want("survived")
	s.Log.Wait("do_reply was given no websocket frames")
	c.Send(`do_reply($client_key,encode_frame(8,"over",4000));`)
	if code, reason := c.Closed(); code != 4000 || reason != "over" {
		t.Errorf("closed with %d %q", code, reason)
	}
}

func TestDecodeFrameAndCoalesceFramesAreTheInverse(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	c.Send(`
$masked=chr(0x81).chr(0x80|5)."abcd"; for ($i=0;$i<5;$i++) { $masked.=chr(ord("hello"[$i])^ord("abcd"[$i%4])); }
$frame=decode_frame($masked);
$close=chr(0x88).chr(0x82)."\0\0\0\0".chr(3).chr(232);
$end=decode_frame($close);
return array($frame["payload"],$frame["opcode"],$frame["fin"],$end["opcode"],$end["close_status"],bin2hex(encode_frame(8,"bye",1000)),bin2hex(encode_frame(1,"hi")));`)
	c.Want(`["hello",1,true,8,1000,"880503e8627965","81026869"]`)
	c.Send(`
$buffer=array(); foreach (array("one "=>0x01,"two "=>0x00,"three"=>0x80) as $text => $first) {
	$bytes=chr($first).chr(0x80|strlen($text))."\0\0\0\0".$text; $buffer[]=decode_frame($bytes); }
return coalesce_frames($buffer);`)
	c.Want("one two three")
}

func TestEncodeFrameMakesAServersFrame(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	for call, want := range map[string]string{
		`encode_text_data_frame("")`:                             "8100",
		`encode_text_data_frame("hi")`:                           "81026869",
		`encode_frame(2,"\xff")`:                                 "8201ff",
		`encode_frame(8)`:                                        "8800",
		`encode_frame(8,"",1000)`:                                "880203e8",
		`encode_frame(8,"bye",1001)`:                             "880503e9627965",
		`encode_frame(9,"p")`:                                    "890170",
		`encode_frame(10,"p")`:                                   "8a0170",
		`substr(encode_frame(1,str_repeat("x",125)),0,3)`:        "817d78",
		`substr(encode_frame(1,str_repeat("x",126)),0,5)`:        "817e007e78",
		`substr(encode_frame(1,str_repeat("x",65535)),0,5)`:      "817effff78",
		`substr(encode_frame(1,str_repeat("x",65536)),0,11)`:     "817f000000000001000078",
		`substr(encode_text_data_frame(str_repeat("ü",60)),0,3)`: "8178c3",
	} {
		if got := c.Ask(`return bin2hex(` + call + `);`); got != want {
			t.Errorf("%s: got %s, want %s", call, got, want)
		}
	}
}

func TestDecodeFrameTakesOneFrameOffTheData(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	c.Send(`
$data=encode_frame(1,"one").encode_frame(2,str_repeat("x",70000)).substr(encode_frame(9,"cut"),0,3);
$one=decode_frame($data); $two=decode_frame($data); $left=strlen($data); $three=decode_frame($data);
return array($one["payload"],$two["opcode"],strlen($two["payload"]),$left,$three,strlen($data));`)
	c.Want(`["one",2,70000,3,false,3]`)
}

func TestDoReplySendsEveryKindOfFrame(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	var pings, pongs []string
	c.Conn.SetPingHandler(func(data string) error { pings = append(pings, data); return nil })
	c.Conn.SetPongHandler(func(data string) error { pongs = append(pongs, data); return nil })
	c.Send(`do_reply(1,encode_frame(10,"unasked")); do_reply(1,encode_frame(9,"")); do_reply(1,encode_frame(9,"pi")); return "done";`)
	c.Want("done")
	if !slices.Equal(pings, []string{"", "pi"}) || !slices.Equal(pongs, []string{"unasked"}) {
		t.Errorf("got pings %q and pongs %q", pings, pongs)
	}
	c.Send(`do_reply(1,encode_frame(1,"ü").encode_frame(1,"").encode_frame(2,"").encode_frame(2,str_repeat("\xff",70000))); return "done";`)
	for _, want := range []struct {
		op   int
		size int
	}{{websocket.TextMessage, 2}, {websocket.TextMessage, 0}, {websocket.BinaryMessage, 0}, {websocket.BinaryMessage, 70000}, {websocket.TextMessage, 4}} {
		if op, data := c.Next(); op != want.op || len(data) != want.size {
			t.Errorf("got type %d with %d bytes, want %v", op, len(data), want)
		}
	}
}

func TestDoReplyNeedsAnOpenClient(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	a, b := s.Connect(), s.Connect()
	a.Send(`$connections[2]["state"]="BUSY"; do_reply(2,encode_frame(1,"not to be seen")); do_reply(77,encode_frame(1,"x")); $connections[2]["state"]="OPEN"; do_reply(2,encode_frame(1,"seen")); return "done";`)
	a.Want("done")
	b.Want("seen")
}

func TestDoReplyWithACloseFrame(t *testing.T) {
	for call, want := range map[string]struct {
		code   int
		reason string
	}{
		`encode_frame(8,"over",4000)`:                     {4000, "over"},
		`encode_frame(8,"",1000)`:                         {1000, ""},
		`encode_frame(8)`:                                 {websocket.CloseNoStatusReceived, ""},
		`encode_frame(1,"last").encode_frame(8,"",1001)`:  {1001, ""},
		`encode_frame(8,"",1008).encode_frame(1,"never")`: {1008, ""},
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
function ws_server_before_close(&$connections,&$connection) { send_text(1,"before ".count($connections)); }
function ws_server_after_close(&$connections) { send_text(1,"after ".count($connections)); }`})
			watcher, c := s.Connect(), s.Connect()
			watcher.Send(`do_reply(2,` + call + `); return "replied";`)
			if strings.Contains(call, "last") {
				c.Want("last")
			}
			if code, reason := c.Closed(); code != want.code || reason != want.reason {
				t.Errorf("closed with %d %q", code, reason)
			}
			harness.WantAll([]*harness.Client{watcher}, "replied", "before 2", "after 1")
		})
	}
}
