package phphandlers

import (
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
)

const (
	anna  = "PHPSESSID=annaannaannaannaannaanna01"
	berta = "x=1; PHPSESSID=bertabertabertabertaberta1"
	carla = "OTHER=carlacarlacarlacarlacarla1"
)

// sessionEvent is an event of a client with these cookies, and what its code must return, as JSON.
type sessionEvent struct{ cookies, code, want string }

// runSessions runs events in one process, once before and once after PHP has sent the headers.
func runSessions(t *testing.T, ini map[string]string, events []sessionEvent) {
	t.Helper()
	for _, headers := range []string{"sent", "not sent"} {
		t.Run("headers "+headers, func(t *testing.T) { runSessionsWith(t, headers, ini, events) })
	}
}

func runSessionsWith(t *testing.T, headers string, ini map[string]string, events []sessionEvent) {
	t.Helper()
	source, err := os.ReadFile("testdata/session.php")
	if err != nil {
		t.Fatal(err)
	}
	// PHP 8.6 would change the id of a session that is not there yet.
	settings := map[string]string{"session.save_path": publicDir(t), "session.use_strict_mode": "0"}
	maps.Copy(settings, ini)
	f := startFPM(t, settings)
	script := f.write(t, "session.php", string(source))
	var body strings.Builder
	for _, e := range events {
		body.WriteString(e.cookies + "\t" + e.code + "\n")
	}
	answer := f.request(t, cgi{"REQUEST_METHOD", "POST", "SCRIPT_FILENAME", script, "CONTENT_TYPE", "text/plain", "QUERY_STRING", headers,
		"CONTENT_LENGTH", strconv.Itoa(body.Len())}, body.String())
	lines := strings.Split(strings.Trim(answer, "\n"), "\n")
	if len(lines) != len(events) {
		t.Fatalf("got %s", answer)
	}
	for i, e := range events {
		want := strings.ReplaceAll(e.want, "SENT", strconv.FormatBool(headers == "sent"))
		if lines[i] != want {
			t.Errorf("event %d: %s\ngot  %s\nwant %s", i+1, e.code, lines[i], want)
		}
	}
}

const (
	countUp = `session_start(); $_SESSION["n"]=isset($_SESSION["n"])?$_SESSION["n"]+1:1; `
	state   = `return [headers_sent(),session_id(),isset($_SESSION),session_status()===PHP_SESSION_NONE,session_encode() ?: False];` // from PHP 8.6 on, "" of an empty one
)

func TestResidentSessionsOfTwoClients(t *testing.T) {
	runSessions(t, nil, []sessionEvent{
		{anna, `return sessions();`, `[]`},
		{anna, countUp + `return [$_SESSION["n"],session_id(),is_locked(session_id())];`, `[1,"annaannaannaannaannaanna01",true]`},
		{berta, `return is_locked("annaannaannaannaannaanna01");`, `false`},
		{berta, countUp + `$_SESSION["n"]+=10; $GLOBALS["kept"]=&$_SESSION; return session_id();`, `"bertabertabertabertaberta1"`},
		{anna, countUp + `return $_SESSION["n"];`, `2`},
		{berta, countUp + `session_write_close(); return $_SESSION["n"];`, `12`},
		{"", state, `[SENT,"",false,true,false]`},
		{"", `$_SESSION["n"]="not of a session";`, `null`},
		{anna, `return [session_id(),isset($_SESSION)];`, `["annaannaannaannaannaanna01",false]`},
		{"", `session_start(); $GLOBALS["new"]=session_id(); return [strlen($GLOBALS["new"])>=22,$_SESSION];`, `[true,[]]`},
		{"", `session_start(); return session_id()!==$GLOBALS["new"] && $_SESSION===[];`, `true`},
		{anna, countUp + `return $_SESSION["n"];`, `3`},
		{"PHPSESSID=../../etc/passwd", `return session_id();`, `""`},
		{"PHPSESSID[]=x", `return session_id();`, `""`},
		{"PHPSESSID=x%00y", `return session_id();`, `""`},
	})
}

func TestResidentSessionsEndInManyWays(t *testing.T) {
	runSessions(t, nil, []sessionEvent{
		{anna, countUp + `session_destroy(); return [session_id(),$_SESSION];`, `["",{"n":1}]`},
		{berta, `return [session_id(),isset($_SESSION),sessions()];`, `["bertabertabertabertaberta1",false,[]]`},
		{anna, countUp + `return $_SESSION["n"];`, `1`},
		{anna, countUp + `session_abort(); return $_SESSION;`, `{"n":2}`},
		{anna, `session_start(); return $_SESSION;`, `{"n":1}`},
		{anna, countUp + `unset($_SESSION); return 1;`, `1`},
		{"", `return [session_id(),isset($_SESSION)];`, `["",false]`},
		{anna, countUp + `return $_SESSION["n"];`, `3`},
	})
}

// PHP gives a session no new id, and no new name, once the headers are sent.
func TestResidentSessionsChange(t *testing.T) {
	runSessionsWith(t, "not sent", nil, []sessionEvent{
		{anna, countUp + `session_regenerate_id(true); $GLOBALS["id"]=session_id(); return session_id()!=="annaannaannaannaannaanna01";`, `true`},
		{anna, `session_start(); return $_SESSION;`, `[]`},
		{"PHPSESSID=none", `session_id($GLOBALS["id"]); session_start(); return $_SESSION;`, `{"n":1}`},
		{berta, `session_name("OTHER"); return 1;`, `1`},
		{carla + "; " + anna, `session_start(); return session_id();`, `"carlacarlacarlacarlacarla1"`},
	})
}

func TestResidentSessionsInStrictMode(t *testing.T) {
	runSessions(t, map[string]string{"session.use_strict_mode": "1"}, []sessionEvent{
		{anna, countUp + `return session_id()!=="annaannaannaannaannaanna01";`, `true`},
		{"", `session_start(); $_SESSION["n"]=7; $GLOBALS["id"]=session_id(); return 1;`, `1`},
		{anna, `session_id($GLOBALS["id"]); ` + countUp + `return $_SESSION["n"];`, `8`},
		{anna, `return isset($_SESSION);`, `false`},
	})
}

func TestResidentSessionsThatStartByThemselves(t *testing.T) {
	for _, on := range []string{"1", `"on"`} {
		runSessions(t, map[string]string{"session.auto_start": on}, []sessionEvent{
			{anna, `return [session_id(),$_SESSION,sessions()];`, `["annaannaannaannaannaanna01",[],["sess_annaannaannaannaannaanna01"]]`},
			{anna, `$_SESSION["n"]=1;`, `null`},
			{berta, `return [session_id(),$_SESSION,is_locked("annaannaannaannaannaanna01")];`, `["bertabertabertabertaberta1",[],false]`},
			{anna, `return $_SESSION["n"];`, `1`},
			{"", `return [strlen(session_id())>=22,$_SESSION];`, `[true,[]]`},
		})
	}
}

func TestResidentSessionsOfAnotherName(t *testing.T) {
	runSessions(t, map[string]string{"session.name": "OTHER"}, []sessionEvent{
		{carla, countUp + `return session_id();`, `"carlacarlacarlacarlacarla1"`},
		{carla + "; " + anna, countUp + `return $_SESSION["n"];`, `2`},
		{anna, `return session_id();`, `""`},
	})
}
