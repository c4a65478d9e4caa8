package handlers

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The server's helper functions, and an application's own copies of them.

func TestEveryHelperIsDefinedBeforeTheEventsFile(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
$missing=array();
foreach (explode(" ","send_text broadcast_to_all close_client encode_text_data_frame encode_frame decode_frame coalesce_frames do_reply show_message var_dump_to_str extract_headers get_header load_files template_fill mysql_to_iso_timestamp unix_to_iso_timestamp send_email") as $name)
{
	if (function_exists($name)==False) { $missing[]=$name; }
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { global $missing; send_text($client_key,"missing: ".implode(" ",$missing)); }`})
	if got := s.Connect().Ask("x"); got != "missing: " {
		t.Errorf("got %q", got)
	}
}

func TestTopLevelCodeMayCallHelpers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
show_message("top level says hello",True);
$frame=encode_frame(1,"made at top level");
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $frame;
	do_reply($client_key,$frame);
}`})
	if got := s.Connect().Ask("x"); got != "made at top level" {
		t.Errorf("got %q", got)
	}
	s.Log.Wait("*** top level says hello")
}

func TestApplicationDefinesHelperIfMissing(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
if (!function_exists("send_text")) { function send_text($client_key,$msg) { echo "wrong one"; } }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"right one"); }`})
	if got := s.Connect().Ask("x"); got != "right one" {
		t.Errorf("got %q", got)
	}
}

// ownHelpers is a shortened copy of the server's helper file, as an application may bring it.
const ownHelpers = `
function show_message($msg,$star=False) { echo "own: ".$msg."\n"; }
function unix_to_iso_timestamp($ts) { return "own ".$ts; }
function var_dump_to_str($v) { return "own"; }
`

const ownHelpersAsked = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	show_message("from the handler");
	send_text($client_key,unix_to_iso_timestamp(0));
}`

func TestApplicationBringsTheHelperFile(t *testing.T) {
	t.Parallel()
	for name, handlers := range map[string]string{
		"unconditional":      `require_once("shared_utils.php");`,
		"after use":          `show_message("first"); require_once("shared_utils.php");`,
		"in the events file": ownHelpers,
		"in initialize":      `function ws_server_initialize() { require_once("shared_utils.php"); }`,
	} {
		t.Run(name, func(t *testing.T) {
			a := harness.App{Handlers: handlers + ownHelpersAsked}
			s := harness.Prepare(t, a)
			s.Write("shared_utils.php", "<?php"+ownHelpers)
			s.Run(a)
			if got := s.Connect().Ask("x"); got != "own 0" {
				t.Errorf("got %q", got)
			}
			s.Log.Wait("own: from the handler")
			if n := s.Log.Count("failed"); n != 0 {
				t.Errorf("%d events failed", n)
			}
		})
	}
}

func TestHelperFileThatOnlyAHandlerBringsFailsNoEvent(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: `
function ws_server_open(&$connections,&$connection,$client_key)
{
	require_once("shared_utils.php");
	send_text($client_key,unix_to_iso_timestamp(1));
}` + ownHelpersAsked}
	s := harness.Prepare(t, a)
	s.Write("shared_utils.php", "<?php"+ownHelpers)
	s.Run(a)
	first, second := s.Connect(), s.Connect()
	second.Want("own 1")
	if got := second.Ask("x"); got != "own 0" {
		t.Errorf("got %q", got)
	}
	first.Send("x")
	first.Want("own 1")
	first.Want("own 0")
	if n := s.Log.Count("failed"); n != 0 {
		t.Errorf("%d events failed", n)
	}
}

func TestHelperFileThatHoldsHandlers(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: `require_once("shared_utils.php"); require_once("more.php");`}
	s := harness.Prepare(t, a)
	s.Write("shared_utils.php", "<?php"+ownHelpers+`
$counter=7;
function ws_server_open(&$connections,&$connection,$client_key) { global $counter; send_text($client_key,unix_to_iso_timestamp($counter)); }`)
	s.Write("more.php", "<?php"+ownHelpersAsked)
	s.Run(a)
	c := s.Connect()
	c.Want("own 7")
	if got := c.Ask("x"); got != "own 0" {
		t.Errorf("got %q", got)
	}
	if n := s.Log.Count("failed"); n != 0 {
		t.Errorf("%d events failed", n)
	}
}

func TestApplicationBringsItsOwnSendFunctions(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function do_reply($client_key,$frame) { global $sockets; return fwrite($sockets[$client_key],$frame); }
function send_text($client_key,$msg)
{
	global $connections;
	if ($connections[$client_key]["state"]<>"OPEN") { return False; }
	do_reply($client_key,encode_text_data_frame("own ".$msg));
	return True;
}
function broadcast_to_all($msg) { global $connections; foreach ($connections as $k => $c) { send_text($k,$msg); } }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { broadcast_to_all("b"); send_text($client_key,$msg); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { broadcast_to_all($data); }`})
	a, b := s.Connect(), s.Connect()
	a.Send("x")
	harness.WantAll([]*harness.Client{a}, "own b", "own x")
	harness.WantAll([]*harness.Client{b}, "own b")
	s.WritePipe("p")
	harness.WantAll([]*harness.Client{a, b}, "own p")
}
