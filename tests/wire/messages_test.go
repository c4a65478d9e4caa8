package wire

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMessagesComeBackAsSent(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	c := s.Connect()
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
		if got := c.Ask(text); got != text {
			t.Errorf("%s: got %d bytes (%.50q), want %d", name, len(got), got, len(text))
		}
	}
	data := bytes.Repeat([]byte{0, 0xff, '\n', 0x80}, 1<<15)
	if err := c.Conn.WriteMessage(websocket.BinaryMessage, data); err != nil {
		t.Fatal(err)
	}
	if op, got := c.Next(); op != websocket.BinaryMessage || !bytes.Equal(got, data) {
		t.Errorf("binary: got type %d, %d bytes", op, len(got))
	}
}

func TestEmptyTextIsNoEvent(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	c := s.Connect()
	c.Send("")
	if got := c.Ask("after"); got != "after" {
		t.Errorf("got %q", got)
	}
}

func TestFragmentsAreJoined(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	c := s.Connect()
	w, err := c.Conn.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("fragment ü ", 3000) // larger than gorilla's buffer: several frames
	for _, part := range strings.SplitAfter(want, " ") {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c.Want(want)
}

func TestInputThatIsRefused(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{
		Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`,
		TOML:     "[server]\nmax_message = \"64KiB\"\n",
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
			c := s.Connect()
			if err := c.Conn.WriteMessage(row.op, row.data); err != nil {
				t.Fatal(err)
			}
			if code, _ := c.Closed(); code != row.code {
				t.Errorf("closed with %d, want %d", code, row.code)
			}
		})
	}
	c := s.Connect()
	if text := strings.Repeat("x", 65536); c.Ask(text) != text {
		t.Error("a message of the limit's size did not come back")
	}
}

func TestTextThatIsNoUTF8IsMendedOnTheWayOut(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"latin \xfc"); }`})
	if got := s.Connect().Ask("x"); got != "latin \uFFFD" {
		t.Errorf("got %q", got)
	}
	s.Log.Wait("text is not utf-8")
}

func TestOrderWithinAConnection(t *testing.T) {
	for _, isolation := range []string{"serial", "connection"} {
		t.Run(isolation, func(t *testing.T) {
			s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[isolation]\nmode = \"" + isolation + "\"\n"})
			c := s.Connect()
			const n = 300 // more than the event queue holds
			go func() {
				for i := range n {
					_ = c.Conn.WriteMessage(websocket.TextMessage, []byte(fmt.Sprint(i)))
				}
			}()
			for i := range n {
				c.Want(fmt.Sprint(i))
			}
		})
	}
}

func TestFiveHundredClients(t *testing.T) {
	for _, isolation := range []string{"serial", "connection"} {
		t.Run(isolation, func(t *testing.T) {
			s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[isolation]\nmode = \"" + isolation + "\"\n"})
			const clients, messages = 500, 4
			all := make([]*harness.Client, clients)
			for i := range all {
				all[i] = s.Connect()
			}
			var group sync.WaitGroup
			for i, c := range all {
				group.Go(func() {
					for m := range messages {
						text := fmt.Sprintf("client %d message %d", i, m)
						if err := c.Conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
							t.Errorf("send: %v", err)
							return
						}
						if _, got, err := c.Conn.ReadMessage(); err != nil || string(got) != text {
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
