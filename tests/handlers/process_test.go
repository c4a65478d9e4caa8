package handlers

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The process as handlers see it.

func TestProcessIsSetAsTheOriginalWas(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,json_encode(array(
		date_default_timezone_get(),error_reporting()===E_ALL,ini_get("max_execution_time"),ini_get("memory_limit"),umask())));
}`})
	if got, want := s.Connect().Ask("x"), `["UTC",true,"0","512M",0]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMemoryLimitIsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[php]\nmemory_limit = \"96M\"\n",
		Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,ini_get("memory_limit")); }`})
	if got := s.Connect().Ask("x"); got != "96M" {
		t.Errorf("got %s", got)
	}
}

func TestStandardStreamsExist(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	fwrite(STDOUT,"to STDOUT\n");
	fprintf(STDERR,"%s STDERR\n","to");
	send_text($client_key,json_encode(array(is_resource(STDIN),fgets(STDIN),is_resource(STDOUT),is_resource(STDERR))));
}`})
	if got, want := s.Connect().Ask("x"), `[true,false,true,true]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.Log.Wait("to STDOUT")
	s.Log.Wait("to STDERR")
}

func TestWhatHandlersPrintNeverReachesClients(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
echo "printed at file scope\n";
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	echo "printed in a handler";
	send_text($client_key,"one");
	echo '{"seq":1,"send":{"to":"open","length":4}}'."\nevil\n";
	send_text($client_key,"two");
	fwrite(STDERR,"written to STDERR\n");
	ob_start();
	echo "kept by the handler";
	$kept=ob_get_clean();
	while (ob_get_level()>0) { ob_end_clean(); }
	echo "printed without a buffer";
	send_text($client_key,$kept);
}`})
	c := s.Connect()
	c.Send("x")
	c.Want("one")
	c.Want("two")
	c.Want("kept by the handler")
	for _, text := range []string{"printed at file scope", "printed in a handler", "evil", "written to STDERR", "printed without a buffer"} {
		s.Log.Wait("", text)
	}
	if got := c.Ask("again"); got != "one" {
		t.Errorf("got %q", got)
	}
}

func TestNoWayToPrintReachesAClient(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	switch ($msg)
	{
		case "much": echo str_repeat("x",3000000); break;
		case "binary": echo "\0\xff\n\r\n\0"; break;
		case "flush": echo "flushed"; flush(); if (ob_get_level()>0) { ob_flush(); } break;
		case "headers": header("X-Mine: 1"); setcookie("a","b"); http_response_code(404); header("Location: /x"); break;
		case "end": while (ob_get_level()>0) { ob_end_flush(); } echo "raw"; header("Status: 500"); break;
		case "nested": ob_start(); ob_start(); echo "inner"; break;
		case "clean": echo "x"; while (@ob_end_clean()); break;
		case "implicit": ob_implicit_flush(True); echo "now"; break;
		case "readfile": readfile(__FILE__); passthru("echo from a shell"); system("echo more"); break;
		case "streams": foreach (array("output","stdout","stderr") as $name) { $f=fopen("php://".$name,"w"); fwrite($f,"to ".$name."\n"); } break;
	}
	send_text($client_key,"done ".$msg);
}`})
	c := s.Connect()
	for _, way := range []string{"much", "binary", "flush", "headers", "end", "nested", "clean", "implicit", "readfile", "streams"} {
		if got := c.Ask(way); got != "done "+way {
			t.Errorf("%s: got %.80q", way, got)
		}
	}
	if n := s.Log.Count("failed"); n != 0 {
		t.Errorf("%d events failed", n)
	}
}

func TestWebEnvironmentOfTheHandshake(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,json_encode(array($_COOKIE["login"],$_GET["room"],$_SERVER["REQUEST_URI"],$_SERVER["HTTP_USER_AGENT"],
		$_SERVER["REMOTE_ADDR"],isset($_SERVER["HTTP_PROXY"]),$_SERVER["HTTP_X_MINE"]),JSON_UNESCAPED_SLASHES));
}`})
	h := harness.Headers("a=b; login=anna")
	h.Set("Proxy", "http://evil/")
	h.Set("X-Mine", "ünï")
	c, _, err := s.Dial("/chat?room=7", h)
	if err != nil {
		t.Fatal(err)
	}
	c.Send("x")
	c.Want(`["anna","7","/chat?room=7","tests","127.0.0.1",false,"\u00fcn\u00ef"]`)
}

func TestSessionsWorkInHandlers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
session_save_path(__DIR__);
ini_set("session.use_strict_mode","0"); // from PHP 8.6 on, only a session that is there keeps its id
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,"before");
	session_start();
	$_SESSION["n"]=isset($_SESSION["n"])?$_SESSION["n"]+1:1;
	session_write_close();
	send_text($client_key,session_id()." ".$_SESSION["n"]);
}`})
	c := s.ConnectAs("PHPSESSID=abcdefghijklmnopqrstuvwxyz")
	for _, want := range []string{"abcdefghijklmnopqrstuvwxyz 1", "abcdefghijklmnopqrstuvwxyz 2"} {
		c.Send("x")
		c.Want("before")
		c.Want(want)
	}
}

// Including the PHP half's files would take time in each event; wsbridge's own php-fpm preloads them.
func TestPHPHalfIsLoadedBeforeTheFirstEvent(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,json_encode(in_array("Answer.php",array_map("basename",get_included_files()))));
}`})
	if got := s.Connect().Ask("x"); got != "false" {
		t.Errorf("got %s", got)
	}
}

// What only the process can keep tells whether it stays. Each configuration has another place for the key php.resident.
func TestProcessStaysIfItIsAResident(t *testing.T) {
	t.Parallel()
	stays, ends := "1 2 3", "1 1 1"
	if !harness.Residents() {
		stays = ends
	}
	for toml, want := range map[string]string{
		"":                               stays,
		"php.workers = 1\n":              stays,
		"[php]\nworkers = 1\n":           stays,
		"[php]\nresident = \"off\"\n":    ends,
		"php.resident = \"off\"\n":       ends,
		"[isolation]\nmode = \"auto\"\n": stays,
	} {
		t.Run(toml, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{TOML: toml, Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { static $n=0; $n++; send_text($client_key,(string)$n); }`})
			c := s.Connect()
			if got := c.Ask("x") + " " + c.Ask("x") + " " + c.Ask("x"); got != want {
				t.Errorf("counted %q, want %q", got, want)
			}
		})
	}
}
