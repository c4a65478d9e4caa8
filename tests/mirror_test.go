package tests

import (
	"bufio"

	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// mirror tells each client what PHP knows of it.
const mirror = `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	file_put_contents(__DIR__."/asked","x",FILE_APPEND);
	$connection["told"]=array((string)$cookies,(string)$user_agent,(string)$remote_address);
	return True;
}
function ws_server_open(&$connections,&$connection,$client_key)
{
	$known=array("server"=>$_SERVER,"cookies"=>$_COOKIE,"told"=>$connection["told"],"peer"=>$connection["peer_name"]);
	send_text($client_key,json_encode($known,JSON_INVALID_UTF8_SUBSTITUTE));
}
`

// known is what mirror tells.
type known struct {
	Server  map[string]any
	Cookies any // an object, or an empty array
	Told    []string
	Peer    string
}

// caller is a connection on which bytes are sent as they are.
type caller struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// call connects from an address of this machine, 127.0.0.1 to 127.255.255.254, and sends request.
func (s *server) call(from, request string) *caller {
	s.t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, request) // a server that has answered already may not take all of it
	return &caller{s.t, conn, bufio.NewReader(conn)}
}

// answer returns the HTTP response, or its status as 0 if the connection ended without one.
func (c *caller) answer() *http.Response {
	c.t.Helper()
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		if network, ok := err.(net.Error); ok && network.Timeout() {
			c.t.Fatal("no answer, and no end")
		}
		return &http.Response{Status: err.Error(), Body: http.NoBody}
	}
	return response
}

// known returns what PHP knows of a client that has come in.
func (c *caller) known() (k known) {
	c.t.Helper()
	if response := c.answer(); response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		c.t.Fatalf("got %s: %s", response.Status, body)
	}
	if err := json.Unmarshal(c.frame(), &k); err != nil {
		c.t.Fatal(err)
	}
	return k
}

// frame reads a frame's payload.
func (c *caller) frame() []byte {
	c.t.Helper()
	var head [4]byte
	if _, err := io.ReadFull(c.in, head[:2]); err != nil {
		c.t.Fatal(err)
	}
	length := int(head[1])
	if length == 126 {
		if _, err := io.ReadFull(c.in, head[2:4]); err != nil {
			c.t.Fatal(err)
		}
		length = int(head[2])<<8 | int(head[3])
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		c.t.Fatal(err)
	}
	return payload
}

// drip sends a byte every now and then until the other side ends the connection, and returns how long that took.
func (c *caller) drip(text string) time.Duration {
	c.t.Helper()
	began := time.Now()
	for {
		for i := range len(text) {
			_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			_, err := c.in.ReadByte()
			if network, ok := err.(net.Error); err != nil && !(ok && network.Timeout()) {
				return time.Since(began)
			}
			if _, err := io.WriteString(c.conn, text[i:i+1]); err != nil {
				return time.Since(began)
			}
			if time.Since(began) > patience {
				c.t.Fatal("the connection is still open")
			}
		}
	}
}
