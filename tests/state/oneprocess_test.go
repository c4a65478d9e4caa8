package state

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// What only one process that stays can keep. Resident workers keep it, and for a request per event wsbridge check names it.

// needsOneProcess answers as it did in the original: texts say what each part has counted or found.
const needsOneProcess = `
file_put_contents(__DIR__."/starts","file scope\n",FILE_APPEND);
register_shutdown_function(function () { file_put_contents(__DIR__."/ends","shutdown function\n",FILE_APPEND); });
define("BOOT",uniqid());
class Chat
{
	private $log;
	private $users=array();
	public function __construct() { $this->log=fopen(__DIR__."/chat.log","a"); }
	public function __destruct() { file_put_contents(__DIR__."/ends","destructor\n",FILE_APPEND); }
	public function enter($name) { $this->users[]=$name; fwrite($this->log,$name."\n"); return count($this->users); }
}
class Desk { public $lock=""; }
$chat=new Chat();
$users=array();
$table=array();
$desk=new Desk();
function ws_server_initialize() { file_put_contents(__DIR__."/starts","initialize\n",FILE_APPEND); }
function ws_server_open(&$connections,&$connection,$client_key)
{
	global $users,$desk;
	$connection["lock"]="";
	$connection["desk"]=$desk;
	$users[$client_key]=&$connection;
	$GLOBALS["table"]=&$connections;
}
function holder_among($rows,$lock) { foreach ($rows as $key => $row) { if ($row["lock"]===$lock) { return $key; } } return 0; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $chat,$users,$table,$desk;
	switch (substr($msg,0,4))
	{
		case "chat": $answer=$chat->enter($msg); break;
		case "boot": $answer=BOOT; break;
		case "lock": $answer=holder_among($users,$msg) || holder_among($table,$msg) ? "lost" : "won"; if ($answer=="won") { $connection["lock"]=$msg; } break;
		case "give": foreach ($users as $key => &$user) { $user["lock"]=$msg; } unset($user); $answer=$connection["lock"]; break;
		case "desk": $answer=$connection["desk"]->lock===$msg ? "lost" : "won"; $connection["desk"]->lock=$msg; break;
	}
	send_text($client_key,$msg." ".$answer);
}
function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,"binary ".$connection["lock"]); }
`

func TestOneProcessKeepsWhatCannotTravel(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: needsOneProcess, TOML: harness.Resident})
	clients := s.ConnectMany(8)
	boot := clients[0].Ask("boot")
	if made := strings.Count(s.Read("starts"), "initialize"); made != 1 {
		t.Errorf("ws_server_initialize ran %d times", made)
	}
	counts := make([]string, len(clients))
	won := make([]bool, len(clients))
	for _, lock := range []string{"lock 1", "lock 2", "desk 1", "desk 2"} {
		harness.Together(clients, func(i int, c *harness.Client) { won[i] = c.Ask(lock) == lock+" won" })
		if n := len(slices.DeleteFunc(slices.Clone(won), func(won bool) bool { return !won })); n != 1 {
			t.Errorf("%s: %d clients have won", lock, n)
		}
	}
	harness.Together(clients, func(i int, c *harness.Client) { counts[i] = c.Ask("chat") })
	slices.Sort(counts)
	for i, got := range counts {
		if got != fmt.Sprint("chat ", i+1) {
			t.Errorf("got %q", counts)
			break
		}
	}
	if got := clients[1].Ask("give x"); got != "give x give x" {
		t.Errorf("got %q", got)
	}
	clients[2].SendBinary("x")
	clients[2].Want("binary give x")
	if got := clients[3].Ask("boot"); got != boot {
		t.Errorf("got %q, and before %q", got, boot)
	}
	// To describe the application runs file scope in a request of its own, which then ends.
	if starts, ends := s.Read("starts"), strings.Count(s.ReadIfThere("ends"), "shutdown"); strings.Count(starts, "initialize") != 1 || strings.Count(starts, "file") != ends+1 {
		t.Errorf("%d ends, and the starts %q", ends, starts)
	}
}

func TestCheckNamesWhatOnlyOneProcessKeeps(t *testing.T) {
	t.Parallel()
	for resident, want := range map[string][]string{
		"off": {
			"error reference: ws_server_open() keeps a reference to rows", "warning global: global $chat", "warning start: code outside of functions writes to a file in each event",
			"warning start: ws_server_initialize() writes to a file in each event", "warning end: what register_shutdown_function() registers runs at the end of each event",
			"warning end: Chat::__destruct() runs at the end of each event", "warning filescope: constant BOOT", "warning shared: ws_server_open() gives a row an object",
		},
		"on": {
			"note reference: the reference to rows of ws_server_open() is kept", "note global: global $chat is kept", "warning start: code outside of functions writes to a file each time that a worker starts",
			"warning start: ws_server_initialize() writes to a file each time", "warning end: what register_shutdown_function() registers runs at the end of its worker",
			"warning end: Chat::__destruct() runs at the end of its worker", "note filescope: constant BOOT is kept", "note shared: what the row shares",
		},
	} {
		t.Run(resident, func(t *testing.T) {
			t.Parallel()
			app := harness.App{Handlers: needsOneProcess, TOML: fmt.Sprintf("[php]\nresident = %q\n", resident)}
			found := harness.Prepare(t, app).Check(app)
			for _, text := range want {
				if !slices.ContainsFunc(found, func(f protocol.Finding) bool { return strings.HasPrefix(f.Level+" "+f.Kind+": "+f.Message, text) }) {
					t.Errorf("no %q in %+v", text, found)
				}
			}
		})
	}
}

// racing reads and then writes a file, and reaches its own row only.
const racing = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$n=(int)@file_get_contents(__DIR__."/count");
	file_put_contents(__DIR__."/count",$n+1);
	send_text($client_key,(string)($n+1));
}
function ws_server_binary(&$connections,&$connection,$client_key,$data) { file_put_contents(__DIR__."/log",$data,FILE_APPEND); }
`

func TestCheckNamesHandlersThatRaceOutsideOfPHP(t *testing.T) {
	t.Parallel()
	for toml, want := range map[string]string{
		harness.RequestPerEvent: "warning ws_server_text reads and writes a file, and runs beside those of other clients: what it has read",
		harness.Resident:        "note ws_server_text reads and writes a file, and runs beside those of other clients while it is slow",
		harness.RequestPerEvent + "[isolation.handlers]\ntext = \"serial\"\n": "",
	} {
		app := harness.App{Handlers: racing, TOML: toml}
		var got []string
		for _, f := range harness.Prepare(t, app).Check(app) {
			if f.Kind == "isolation" {
				got = append(got, f.Level+" "+f.Message)
			}
		}
		if len(got) > 1 || (len(got) == 1) != (want != "") || want != "" && !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: got %q", toml, got)
		}
	}
}
