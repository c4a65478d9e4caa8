package state

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Handlers that look for the lock in all rows by code which does not show it.

// hiddenLocks has, for each way to look, the handler's code that sets $held.
var hiddenLocks = map[string]string{
	"library of the same name": `try { usort($pair,"by"."Lock"); } catch (Exception $e) { $held=true; }`,
	"filter":                   `$held=filter_var($msg,FILTER_CALLBACK,array("options"=>"fi"."nd"));`,
	"class that PHP makes":     `$file=new SplFileInfo($msg); $held=$file->getFileInfo(Look::class)->held;`,
	"escaped name":             `$held=held($msg,$GLOBALS["\u{63}onnections"]);`,
	"import elsewhere":         `$held=find($msg);`,
}

// hiddenLock is an application whose text handler gives a lock to the first client that asks, if looks finds it in no row.
func hiddenLock(looks string) string {
	return strings.Replace(`<?php
namespace Lib { use function Lib\quiet as find; function usort($a,$b) { return 0; } function quiet($x) { return false; } }
namespace {
function held($doc,$rows)
{
	foreach ($rows as $row) { if (isset($row["lock"]) && $row["lock"]===$doc) { return true; } }
	return false;
}
function find($doc) { global $connections; return held($doc,$connections); }
function byLock($a,$b) { if (find($a)) { throw new Exception("held"); } return 0; }
class Look extends SplFileInfo { public $held; function __construct($file) { $this->held=find((string)$file); } }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$pair=array($msg,$msg);
	$held=false;
	LOOKS
	if ($held) { send_text($client_key,"no"); return; }
	usleep(2000);
	$connection["lock"]=$msg;
	send_text($client_key,"mine");
}
}`, "LOOKS", looks, 1)
}

func TestHiddenLockHasOneHolder(t *testing.T) {
	for name, looks := range hiddenLocks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := harness.App{TOML: harness.PerRequest(harness.Isolation("auto"))}
			s := harness.Prepare(t, a)
			s.Write("push_server_events.php", hiddenLock(looks))
			s.Run(a)
			s.AwaitCode(s.Connect(), "")
			if wrong := holders(s, 20); wrong > 0 {
				t.Errorf("in %d of 20 rounds the lock had none or several holders", wrong)
			}
		})
	}
}
