package observe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The test looks for each of these where it must not be.
const (
	cookieSecret   = "COOKIE-5e0c9d1f7a"
	passwordSecret = "BASIC-b1946ac92492"
	querySecret    = "QUERY-2a8b61e39c40"
	payloadSecret  = "PAYLOAD-9f3e72c1d085"
	settingSecret  = "SETTING-77c0a4b25d1e"
	bearerSecret   = "BEARER-e4d909c290d0"
)

const (
	key     = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	version = "Sec-WebSocket-Version: 13"
)

// failing does about everything wrong, and prints what it was given.
const failing = `
class Loud { public $said; function __destruct() { if ($this->said) { shout($this->said,DB_PASSWORD); } } }
function shout($msg,$password) { throw new Exception("thrown while php ends: ".$msg); }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	if (strpos($cookies,"throw")!==False) { throw new Exception("no such user: ".$cookies." ".$_SERVER["HTTP_AUTHORIZATION"]." ".$_GET["token"]); }
	return strpos($cookies,"stranger")===False;
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	list($what,$rest)=explode(" ",$msg,2);
	if ($what=="warn") { trigger_error("strange: ".$msg); $x=$connection["nothing"]; }
	if ($what=="print") { echo $rest; print_r($_COOKIE); }
	if ($what=="error_log") { error_log("what an application logs itself, ".$msg." ".$_SERVER["HTTP_COOKIE"]); }
	if ($what=="exception") { throw new Exception("bad: ".$rest); }
	if ($what=="fatal") { no_such_function($msg); }
	if ($what=="user_error") { trigger_error($msg,E_USER_ERROR); }
	if ($what=="exit") { exit($msg); }
	if ($what=="destruct") { global $loud; $loud=new Loud(); $loud->said=$rest; }
	if ($what=="malformed") { while (ob_get_level()) { ob_end_clean(); } echo "\n",getenv("WSBRIDGE_TOKEN")," {\"seq\":",$msg,"\n"; }
	if ($what=="memory") { ini_set("memory_limit","16M"); $x=str_repeat($msg,10000000); }
	if ($what=="killed") { posix_kill(getmypid(),9); }
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { throw new Exception("bad document: ".$data); }
`

// shown is a handshake with a secret wherever a client may have one.
func shown(lines ...string) string {
	return "GET /x?token=" + querySecret + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: tests\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Authorization: Basic " + passwordSecret + "\r\nSec-WebSocket-Protocol: bearer." + bearerSecret + "\r\n" +
		strings.Join(append(lines, "", ""), "\r\n")
}

// wire returns all bytes that come back for a request, and for the frames after it.
func wire(s *harness.Server, request, frames string) string {
	s.T.Helper()
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		s.T.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(harness.Patience))
	if _, err := io.WriteString(conn, request); err != nil {
		s.T.Fatal(err)
	}
	r := bufio.NewReader(conn)
	head, err := r.ReadString('\n')
	if strings.HasPrefix(head, "HTTP/1.1 101 ") {
		for line := ""; err == nil && line != "\r\n"; head += line {
			line, err = r.ReadString('\n')
		}
		_, _ = io.WriteString(conn, frames)
	}
	rest, err := io.ReadAll(r)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		s.T.Errorf("%q: %v", request, err)
	}
	return head + string(rest)
}

// masked is a client's frame whose key of zeros leaves the payload readable.
func masked(op byte, payload string) string {
	return string(harness.Frame{Op: op, Payload: payload}.AppendMasked(nil, [4]byte{}, harness.Shortest))
}

// failAll provokes every failure, and returns what the clients got to see of it.
func failAll(s *harness.Server) string {
	var seen strings.Builder
	known := "Cookie: PHPSESSID=" + cookieSecret
	for name, request := range map[string]string{
		"version":   shown(known, key, "Sec-WebSocket-Version: 8"),
		"key":       shown(known, "Sec-WebSocket-Key: "+payloadSecret, version),
		"origin":    shown(known, key, version, "Origin: https://"+"evil.example"),
		"extension": shown(known, key, version, "Sec-WebSocket-Extensions: ;;"),
		"method":    strings.Replace(shown(known, key, version), "GET", "PUT", 1),
		"stranger":  shown(known+"; stranger=1", key, version),
		"throws":    shown(known+"; throw=1", key, version),
		"header":    shown(known, key, version, "X-Long: "+strings.Repeat("x", 61<<10)),
		"no http":   payloadSecret + cookieSecret + "\r\n\r\n",
	} {
		got := wire(s, request, "")
		seen.WriteString(got)
		if !strings.HasPrefix(got, "HTTP/1.1 4") && !strings.HasPrefix(got, "HTTP/1.1 5") {
			s.T.Errorf("%s: got %q", name, got)
		}
	}
	for _, what := range []string{"warn", "print", "error_log", "exception", "fatal", "user_error", "exit", "destruct", "malformed", "memory", "killed"} {
		text := what + " " + fmt.Sprintf(`{"secret":%q}`, payloadSecret)
		got := wire(s, shown(known, key, version), masked(1, text)+masked(8, "\x03\xe8"+payloadSecret))
		seen.WriteString(got)
		if !strings.HasPrefix(got, "HTTP/1.1 101 ") {
			s.T.Errorf("%s: got %q", what, got)
		}
	}
	for what, frames := range map[string]string{
		"not utf-8": masked(1, payloadSecret+"\xff"),
		"binary":    masked(2, payloadSecret),
		"opcode":    masked(3, payloadSecret),
		"too big":   masked(1, strings.Repeat(payloadSecret, 60)),
		"flood":     strings.Repeat(masked(9, payloadSecret), 50),
		"reason":    masked(8, "\x03\xe8"+payloadSecret+"\xff"),
		"code":      masked(8, "\x03\xec"+payloadSecret),
	} {
		got := wire(s, shown(known, key, version), frames)
		seen.WriteString(got)
		if !strings.HasPrefix(got, "HTTP/1.1 101 ") || !strings.Contains(got, "\x88") {
			s.T.Errorf("%s: got %q", what, got)
		}
	}
	s.WritePipe(`{"to":"*","text":"` + payloadSecret + `"}` + "\n")
	s.WritePipe("}{[" + payloadSecret + "\x00\xff\n")
	s.WritePipe(`{"broken":"` + payloadSecret + "\n")
	return seen.String()
}

const leakLimits = "[server]\nmax_message = \"1KiB\"\ncontrol_rate = 2\n[log]\nlevel = \"debug\"\n"

// The log has neither payloads nor credentials, and clients see nothing of what PHP says.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: failing, Settings: "DB_PASSWORD=" + settingSecret + "\n", TOML: leakLimits})
	seen := failAll(s)
	harness.Eventually(t, "all have left", func() bool {
		_, metrics := s.Get("/metrics")
		for _, state := range []string{"connecting", "open", "closing"} {
			if harness.Metric(t, metrics, `wsbridge_clients{state="`+state+`"}`) != 0 {
				return false
			}
		}
		return true
	})
	_, metrics := s.Get("/metrics")
	for _, refused := range []string{"malformed", "origin", "version", "method", "handler", "failed"} {
		if harness.Metric(t, metrics, `wsbridge_requests_refused_total{refusal="`+refused+`"}`) == 0 {
			t.Errorf("nobody was refused for %s", refused)
		}
	}
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	log := s.Log.Text()
	for _, secret := range []string{cookieSecret, passwordSecret, querySecret, payloadSecret, settingSecret, bearerSecret} {
		for where, text := range map[string]string{"the log": log, "the metrics": metrics} {
			for line := range strings.Lines(text) {
				if strings.Contains(line, secret) {
					t.Errorf("%s is in %s: %s", secret, where, line)
				}
			}
		}
	}
	for _, ours := range []string{settingSecret, "push_server_events", "exception", "Exception", "Fatal", "Stack trace", "Warning", s.Dir, "php"} {
		if at := strings.Index(seen, ours); at >= 0 {
			t.Errorf("a client was told %q: %q", ours, seen[max(0, at-100):min(len(seen), at+100)])
		}
	}
	for _, said := range []string{"exception: Exception: bad:", "no_such_function", "strange: ", "handler called exit", "malformed", "what an application logs itself"} {
		if !strings.Contains(log, said) {
			t.Errorf("the log does not say %q of what failed", said)
		}
	}
}

// log.payloads adds payloads to the log, but no credentials.
func TestPayloadsAreLoggedWhenAskedFor(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"answer ".$msg); throw new Exception("bad: ".$msg); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { broadcast_to_all($data); }`,
		TOML: "[log]\nlevel = \"debug\"\npayloads = true\n"})
	c := s.ConnectAs("login=" + cookieSecret)
	c.Send(payloadSecret + strings.Repeat("x", 300))
	c.Receive()
	s.WritePipe(`{"document":1}` + "\n")
	c.Receive()
	s.Log.Wait("message from the client", payloadSecret+strings.Repeat("x", 180)+`"`)
	s.Log.Wait("message to clients", "answer "+payloadSecret)
	s.Log.Wait("document from the pipe", `{\"document\":1}`)
	s.Log.Wait("handler failed", "bad: "+payloadSecret)
	if strings.Contains(s.Log.Text(), cookieSecret) {
		t.Error("a cookie is in the log")
	}
}
