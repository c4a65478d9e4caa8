package handlers

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Who knows the token could write effects, and a page or a log with all of $_SERVER would tell it.
func TestHandlersDoNotSeeTheToken(t *testing.T) {
	const looks = `
function seen($server) { return implode(" ",preg_grep("/^WSBRIDGE_(TOKEN|WORKER)$/",array_keys($server))); }
`
	for name, handlers := range map[string]string{
		"by its name": looks + `
$scope=seen($_SERVER);
function ws_server_open(&$connections,&$connection,$client_key) { global $scope; send_text($client_key,"scope ".$scope); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"handler ".seen($_SERVER)); }`,
		"by another name": looks + `
$name="_"."SERVER";
$scope=isset($$name)?seen($$name):"";
function ws_server_open(&$connections,&$connection,$client_key) { global $scope; send_text($client_key,"scope ".$scope); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"handler ".seen($GLOBALS["_SERVER"])); }`,
		"in a file that a handler loads": looks + `
function ws_server_open(&$connections,&$connection,$client_key) { send_text($client_key,"scope "); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { include __DIR__."/late.php"; }`,
	} {
		for mode, toml := range map[string]string{"resident": harness.Resident, "a request per event": harness.RequestPerEvent} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				s := harness.Prepare(t, harness.App{Handlers: handlers, TOML: toml})
				s.Write("late.php", `<?php send_text($client_key,"handler ".seen($_SERVER));`)
				s.Run(harness.App{Handlers: handlers, TOML: toml})
				for range 2 {
					c := s.Connect()
					c.Want("scope ")
					for range 3 {
						if got := c.Ask("?"); got != "handler " {
							t.Errorf("got %q", got)
						}
					}
				}
			})
		}
	}
}

// A handler can ask PHP for all parameters of its request. What an earlier one has shown marks no line of an answer any more.
func TestTheTokenOfARequestIsWorthlessAfterIt(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: harness.RequestPerEvent, Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) {
	if ($msg!="token") { while (ob_get_level()) { ob_end_clean(); } echo "\n",$msg," {nonsense\n"; }
	send_text($client_key,$msg=="token"?getenv("WSBRIDGE_TOKEN"):"said");
}`})
	c := s.Connect()
	first, second := c.Ask("token"), c.Ask("token")
	if first == second || len(first) != len(second) || len(first) < 32 {
		t.Errorf("the tokens are %q and %q", first, second)
	}
	if got := c.Ask(first); got != "said" {
		t.Errorf("got %q", got)
	}
}
