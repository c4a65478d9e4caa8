package tests

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

const echo = `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { do_reply($client_key,encode_frame(2,$data)); }
`

func TestMessagesComeBackAsSent(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: echo})
	c := s.connect()
	for name, text := range map[string]string{
		"ascii":        "hello",
		"utf-8":        "Grüße, 世界 🎉 \u0000 \u2028",
		"json":         `{"seq":1,"done":{}}`,
		"lines":        "a\nb\r\nc\n",
		"125 bytes":    strings.Repeat("a", 125),
		"126 bytes":    strings.Repeat("b", 126),
		"65535 bytes":  strings.Repeat("c", 65535),
		"65536 bytes":  strings.Repeat("d", 65536),
		"a megabyte":   strings.Repeat("ü", 1<<19),
		"16 megabytes": strings.Repeat("0123456789abcdef", 1<<20),
		"just a zero":  "0",
		"just a space": " ",
	} {
		if got := c.ask(text); got != text {
			t.Errorf("%s: got %d bytes (%.50q), want %d", name, len(got), got, len(text))
		}
	}
	data := bytes.Repeat([]byte{0, 0xff, '\n', 0x80}, 1<<15)
	if err := c.conn.WriteMessage(websocket.BinaryMessage, data); err != nil {
		t.Fatal(err)
	}
	if op, got := c.next(); op != websocket.BinaryMessage || !bytes.Equal(got, data) {
		t.Errorf("binary: got type %d, %d bytes", op, len(got))
	}
}

func TestEmptyTextIsNoEvent(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: echo})
	c := s.connect()
	c.send("")
	if got := c.ask("after"); got != "after" {
		t.Errorf("got %q", got)
	}
}

func TestFragmentsAreJoined(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: echo})
	c := s.connect()
	w, err := c.conn.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("fragment ü ", 3000) // over gorilla's buffer: several frames
	for _, part := range strings.SplitAfter(want, " ") {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c.want(want)
}

func TestInputThatIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, app{
		handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`,
		toml:     "[server]\nmax_message = \"64KiB\"\n",
	})
	for name, row := range map[string]struct {
		op   int
		data []byte
		code int
	}{
		"binary without a handler": {websocket.BinaryMessage, []byte("x"), 1003},
		"text that is not utf-8":   {websocket.TextMessage, []byte("a\xff"), 1007},
		"over the limit":           {websocket.TextMessage, bytes.Repeat([]byte("x"), 65537), 1009},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.connect()
			if err := c.conn.WriteMessage(row.op, row.data); err != nil {
				t.Fatal(err)
			}
			if code, _ := c.closed(); code != row.code {
				t.Errorf("closed with %d, want %d", code, row.code)
			}
		})
	}
	c := s.connect()
	if text := strings.Repeat("x", 65536); c.ask(text) != text {
		t.Error("a message of the limit's size did not come back")
	}
}

func TestTextThatIsNoUTF8IsMendedOnTheWayOut(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"latin \xfc"); }`})
	if got := s.connect().ask("x"); got != "latin \uFFFD" {
		t.Errorf("got %q", got)
	}
	s.log.wait("text is not utf-8")
}

func TestOrderWithinAConnection(t *testing.T) {
	for _, isolation := range []string{"serial", "connection"} {
		t.Run(isolation, func(t *testing.T) {
			s := serve(t, app{handlers: echo, toml: "[isolation]\nmode = \"" + isolation + "\"\n"})
			c := s.connect()
			const n = 300 // more than the queue holds
			go func() {
				for i := range n {
					_ = c.conn.WriteMessage(websocket.TextMessage, []byte(fmt.Sprint(i)))
				}
			}()
			for i := range n {
				c.want(fmt.Sprint(i))
			}
		})
	}
}

func TestFiveHundredClients(t *testing.T) {
	for _, isolation := range []string{"serial", "connection"} {
		t.Run(isolation, func(t *testing.T) {
			s := serve(t, app{handlers: echo, toml: "[isolation]\nmode = \"" + isolation + "\"\n"})
			const clients, messages = 500, 4
			all := make([]*client, clients)
			for i := range all {
				all[i] = s.connect()
			}
			var group sync.WaitGroup
			for i, c := range all {
				group.Go(func() {
					for m := range messages {
						text := fmt.Sprintf("client %d message %d", i, m)
						if err := c.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
							t.Errorf("send: %v", err)
							return
						}
						if _, got, err := c.conn.ReadMessage(); err != nil || string(got) != text {
							t.Errorf("got %q, %v; want %q", got, err, text)
							return
						}
					}
				})
			}
			group.Wait()
		})
	}
}
