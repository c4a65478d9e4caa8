package handlers

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// send_text and broadcast_to_all.

func TestSendTextIsFalseUnlessTheRowIsOpen(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { $connection["early"]=send_text(1,"nobody may see this"); return True; }`})
	a := s.Connect()
	a.Send(`return array(send_text(1,"first"),send_text(2,"x"),$connection["early"]);`)
	a.Want("first")
	a.Want("[true,false,false]")
	b := s.Connect()
	a.Want("nobody may see this") // from the second handshake, when client 1 is open
	a.Send(`return array(send_text(2,"over there"),send_text(1,12.5));`)
	b.Want("over there")
	a.Want("12.5")
	a.Want("[true,true]")
}

func TestBroadcastReachesEveryOpenRowTheSenderToo(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	a, b, c := s.Connect(), s.Connect(), s.Connect()
	a.Send(`broadcast_to_all("to all"); $connections[3]["state"]="HIDDEN"; broadcast_to_all("but one"); return "done";`)
	a.Want("to all")
	a.Want("but one")
	a.Want("done")
	b.Want("to all")
	b.Want("but one")
	c.Want("to all")
	a.Send(`$connections[3]["state"]="OPEN"; return send_text(3,"still hidden until now");`)
	c.Want("still hidden until now")
}

func TestSendsArriveWhileTheHandlerWorks(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,"working");
	while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); }
	send_text($client_key,"done");
}`})
	c := s.Connect()
	c.Send("x")
	c.Want("working") // the handler cannot end before the file is there
	s.Write("go", "")
	c.Want("done")
}

func TestSendTextToKeysThatAreNoClients(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	c.Send(`return array(send_text(0,"x"),send_text(-1,"x"),send_text(77,"x"),send_text("1","by a string"),send_text(False,"x"),send_text(Null,"x"));`)
	c.Want("by a string")
	c.Want("[false,false,false,true,false,false]")
}

func TestSendTextFollowsTheStateThatIsWritten(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	a, b := s.Connect(), s.Connect()
	a.Send(`$connections[2]["state"]="BUSY"; return send_text(2,"not to be seen");`)
	a.Want("false")
	a.Send(`return send_text(2,"nor this");`) // in the next event, too
	a.Want("false")
	a.Send(`$connections[2]["state"]="OPEN"; return send_text(2,"this");`)
	a.Want("true")
	b.Want("this")
}

func TestSendTextToAClientThatHandlersHaveClosedIsFalse(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	a, b := s.Connect(), s.Connect()
	a.Send(`$before=send_text(2,"before"); close_client(2,1000); $after=send_text(2,"after"); broadcast_to_all("to all"); return array($before,$after,send_text(2,"again"));`)
	a.Want("to all")
	a.Want("[true,false,false]")
	b.Want("before")
	if code, _ := b.Closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
}

func TestSendTextToAClientThatLeavesMeanwhileBecomesFalse(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$begin=microtime(True);
	send_text($client_key,"working");
	do { usleep(10000); $sent=send_text(2,"are you there?"); } while ($sent && microtime(True)-$begin<10);
	send_text($client_key,json_encode(array($sent,send_text(2,"x"),isset($connections[2]))));
}`})
	a, b := s.Connect(), s.Connect()
	a.Send("x")
	a.Want("working")
	b.HangUp()
	a.Want("[false,false,true]") // the row stays until the client's close event
	if n := s.Log.Count("", `"level":"WARN"`); n > 1 {
		t.Errorf("%d warnings, want one at most", n)
	}
}

func TestSendsArriveInTheOrderOfTheCalls(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $sockets;
	send_text(1,"1");
	broadcast_to_all("2");
	do_reply(1,encode_text_data_frame("3"));
	fwrite($sockets[1],encode_frame(1,"4"));
	send_text(2,"5");
	broadcast_to_all("6");
	send_text(1,"7");
}`})
	a, b := s.Connect(), s.Connect()
	a.Send("x")
	harness.WantAll([]*harness.Client{a}, "1", "2", "3", "4", "6", "7")
	harness.WantAll([]*harness.Client{b}, "2", "5", "6")
}
