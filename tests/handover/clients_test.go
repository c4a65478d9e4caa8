package handover

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Compressed messages may refer to those that another process has read.
func TestCompressedClientsMove(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: harness.Compression})
	p := s.Peer("Cookie: login=anna", "User-Agent: tests", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
	if p.Extensions == "" || strings.Contains(p.Extensions, "client_no_context_takeover") {
		t.Fatalf("agreed to %q", p.Extensions)
	}
	c := harness.NewCompressor()
	hello := harness.Text("Hello, world! Hello again! Hello, hello, hello!")
	first := c.Compressed(hello)
	p.Send(first)
	if got := p.Inflated(); got != hello {
		t.Fatalf("got %v", got)
	}
	upgrade(s)
	second := c.Compressed(hello)
	if len(second.Payload) >= len(first.Payload) {
		t.Fatal("the second message does not refer to the first")
	}
	parts := harness.Fragments(second.Op, second.Payload, 3)
	parts[0].RSV = harness.RSV1
	p.Send(parts[0])
	upgrade(s)
	p.Send(parts[1:]...)
	if got := p.Inflated(); got != hello {
		t.Fatalf("got %v", got)
	}
	p.Bye()
}

// What a client has not read, in the kernel and in its send queue, half of a frame as well, comes from the next process, whole and in order.
func TestFullSendQueuesMove(t *testing.T) {
	t.Parallel()
	const each, messages = 100_000, 120
	s := harness.Serve(t, harness.App{TOML: "server.write_timeout = \"10m\"\n", Handlers: fmt.Sprintf(`
function ws_server_text(&$connections,&$connection,$client_key,$msg) { $connection["said"]=$msg; send_text($client_key,str_pad($msg,%d,".")); }
`, each)})
	lazy := s.Connect()
	for i := range messages {
		lazy.Send(fmt.Sprintf("%d ", i))
	}
	waiting := func() int {
		all, err := s.Control().Connections(t.Context(), url.Values{})
		if err != nil || len(all.Connections) != 1 {
			t.Fatalf("got %+v, %v", all, err)
		}
		return all.Connections[0].SendQueue
	}
	harness.Eventually(t, "all is on its way", func() bool {
		_, row := s.Get("/v1/connections/1")
		return strings.Contains(row, fmt.Sprintf(`"%d "`, messages-1))
	})
	if n := waiting(); n < 10 {
		t.Fatalf("%d messages wait", n)
	}
	upgrade(s)
	if n := waiting(); n < 10 {
		t.Errorf("%d messages wait in the next process", n)
	}
	for i := range messages {
		got := lazy.Receive()
		if want := fmt.Sprintf("%d ", i); !strings.HasPrefix(got, want) || len(got) != each {
			t.Fatalf("got %.20q with %d bytes, want %q", got, len(got), want)
		}
	}
}

// Who a proxy says that clients are, and what PHP sees of each of their bytes, is so in the next process, too.
func TestClientsOfAProxyMove(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[server]\ntrusted_proxies = [\"127.0.0.1\"]\nproxy_protocol = true\n", Handlers: `
function ws_server_read(&$connections,&$connection,$client_key,$data)
{
	$connection["read"]=(isset($connection["read"])?$connection["read"]:0)+strlen($data);
	return "";
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg." ".$_SERVER["REMOTE_ADDR"]." ".$connection["read"]); }
`})
	open := func(address string) (p *harness.Peer, read int) {
		request := s.Request("Cookie: login=anna", "User-Agent: tests")
		p = s.Open("127.0.0.1", "PROXY TCP4 "+address+" 192.0.2.1 4711 80\r\n"+request)
		if got := p.Answer(); got.StatusCode != 101 {
			t.Fatalf("got %s", got.Status)
		}
		return p, len(request)
	}
	say := func(p *harness.Peer, text, address string, read int) int {
		frame := harness.Text(text)
		p.Send(frame)
		read += len(frame.AppendMasked(nil, [4]byte{1, 2, 3, 4}, 0))
		p.Want(harness.Text(fmt.Sprintf("%s %s %d", text, address, read)))
		return read
	}
	p, read := open("203.0.113.7")
	read = say(p, "one", "203.0.113.7", read)
	upgrade(s)
	read = say(p, "two", "203.0.113.7", read)
	other, others := open("203.0.113.8")
	say(other, "three", "203.0.113.8", others)
	upgrade(s)
	say(p, "four", "203.0.113.7", read)
	p.Bye()
	other.Bye()
}
