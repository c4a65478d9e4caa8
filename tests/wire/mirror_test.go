package wire

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
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

// knownTo returns what PHP knows of a client.
func knownTo(c *harness.Peer) (k known) {
	c.T.Helper()
	if response := c.Answer(); response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		c.T.Fatalf("got %s: %s", response.Status, body)
	}
	if err := json.Unmarshal([]byte(c.Next().Payload), &k); err != nil {
		c.T.Fatal(err)
	}
	return k
}

// drip sends a byte every ten milliseconds until the server ends the connection, and returns how long that took.
func drip(c *harness.Peer, text string) time.Duration {
	c.T.Helper()
	began := time.Now()
	var answer [1]byte
	for {
		for i := range len(text) {
			_ = c.Conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			_, err := c.Conn.Read(answer[:])
			if network, ok := err.(net.Error); err != nil && !(ok && network.Timeout()) {
				return time.Since(began)
			}
			if _, err := io.WriteString(c.Conn, text[i:i+1]); err != nil {
				return time.Since(began)
			}
			if time.Since(began) > harness.Patience {
				c.T.Fatal("the connection is still open")
			}
		}
	}
}
