package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestClosing(t *testing.T) { play(t, serve(t, harness.Echo, ""), closingCases()) }

// TLS has its own end, which must come before the connection's.
func TestClosingOverTLS(t *testing.T) {
	a := harness.App{Handlers: harness.Echo, TOML: "require_cookie = false\nrequire_user_agent = false\n"}
	play(t, harness.ServeTLS(t, a, harness.NewCertificate(t, "x")), closingCases())
}

func closingCases() []exchange {
	hello, bye := text("Hello World!"), closing(1000, "")
	large := text(strings.Repeat("BAsd7&jh23", 256<<10/10))
	cases := []exchange{
		{id: "7.1.1", send: []frame{hello}, want: []frame{hello}},
		{id: "7.1.2", send: []frame{bye, {Op: opClose}}, code: 1000},
		{id: "7.1.3", send: []frame{bye, ping("")}, code: 1000},
		{id: "7.1.4", send: []frame{bye, hello}, code: 1000},
		{id: "7.1.5", send: []frame{text("fragment1").Part(), bye, rest("fragment2")}, code: 1000},
		{id: "7.1.6", send: []frame{large, hello, bye, ping("")}, want: []frame{large, hello}, code: 1000},
		{id: "7.3.1", send: []frame{{Op: opClose}}, code: 1000},
		{id: "7.3.2", send: []frame{{Op: opClose, Payload: "a"}}, code: 1002},
		{id: "7.3.3", send: []frame{bye}, code: 1000},
		{id: "7.3.4", send: []frame{closing(1000, "Hello World!")}, code: 1000},
		{id: "7.3.5", send: []frame{closing(1000, strings.Repeat("*", 123))}, code: 1000},
		{id: "7.3.6", send: []frame{closing(1000, strings.Repeat("*", 124))}, code: 1002},
		{id: "7.5.1", send: []frame{closing(1000, surrogate)}, code: 1007},
		{id: "reason ends within a character", send: []frame{closing(1000, "a\xe2\x82")}, code: 1007},
		{id: "much behind it", send: []frame{bye, large, large}, code: 1000}, // a reset would lose the answer
	}
	for i, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, exchange{id: fmt.Sprint("7.7.", i+1), send: []frame{closing(code, "")}, code: code})
	}
	for i, code := range []uint16{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, exchange{id: fmt.Sprint("7.9.", i+1), send: []frame{closing(code, "")}, code: 1002})
	}
	for i, code := range []uint16{5000, 65535} {
		cases = append(cases, exchange{id: fmt.Sprint("7.13.", i+1), send: []frame{closing(code, "")}, code: 1002})
	}
	for _, code := range []uint16{1012, 1013, 1014} { // registered since
		cases = append(cases, exchange{id: fmt.Sprint("code ", code), send: []frame{closing(code, "")}, code: code})
	}
	return append(cases, exchange{id: "code 1015", send: []frame{closing(1015, "")}, code: 1002})
}

// TestAFailedConnectionIsSpokenToOnce goes on sending after an error. That has no effect, and must not make the kernel
// reset the connection before the client has read the close frame.
func TestAFailedConnectionIsSpokenToOnce(t *testing.T) {
	s := serve(t, harness.Echo, "")
	after := []frame{text("after"), ping("after"), text(strings.Repeat("after", 100_000)), closing(1000, "")}
	for id, f := range map[string]frame{"opcode": {Op: 3}, "text": text("\xff"), "close": {Op: opClose, Payload: "a"}} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			p := s.In(t).Peer()
			p.Send(append([]frame{f}, after...)...)
			p.Closes(map[bool]uint16{true: 1007, false: 1002}[f.Op == opText])
		})
	}
}

// TestCloseHandlersStillSend wants what close handlers send to reach the client, also when the connection has failed.
func TestCloseHandlersStillSend(t *testing.T) {
	s := serve(t, `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { $connection["said"]=$msg; }
function ws_server_before_close(&$connections,&$connection) { do_reply(key_of($connections,$connection),encode_frame(1,"last: ".$connection["said"].", ".$connection["state"])); }
function key_of($connections,$connection)
{
	foreach ($connections as $key => $row) if ($row["peer_name"]==$connection["peer_name"]) return $key;
}
`, "isolation.mode = \"serial\"\n")
	for id, row := range map[string]struct {
		end  frame
		code uint16
	}{"not utf-8": {text("\xff"), 1007}, "closed": {closing(4000, "enough"), 4000}, "wrong": {frame{Op: 3}, 1002}} {
		t.Run(id, func(t *testing.T) {
			p := s.In(t).Peer()
			p.Send(text(id), row.end)
			p.Want(text("last: " + id + ", OPEN"))
			p.Closes(row.code)
		})
	}
}
