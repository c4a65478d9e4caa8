package tests

import (
	"testing"
)

// send_text and broadcast_to_all.

func TestSendTextIsFalseUnlessTheRowIsOpen(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: evalText + `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { $connection["early"]=send_text(1,"nobody may see this"); return True; }`})
	a := s.connect()
	a.send(`return array(send_text(1,"first"),send_text(2,"x"),$connection["early"]);`)
	a.want("first")
	a.want("[true,false,false]")
	b := s.connect()
	a.want("nobody may see this") // the second handshake's: client 1 is open by then
	a.send(`return array(send_text(2,"over there"),send_text(1,12.5));`)
	b.want("over there")
	a.want("12.5")
	a.want("[true,true]")
}

func TestBroadcastReachesEveryOpenRowTheSenderToo(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: evalText})
	a, b, c := s.connect(), s.connect(), s.connect()
	a.send(`broadcast_to_all("to all"); $connections[3]["state"]="HIDDEN"; broadcast_to_all("but one"); return "done";`)
	a.want("to all")
	a.want("but one")
	a.want("done")
	b.want("to all")
	b.want("but one")
	c.want("to all")
	a.send(`$connections[3]["state"]="OPEN"; return send_text(3,"still hidden until now");`)
	c.want("still hidden until now")
}

func TestSendsArriveWhileTheHandlerWorks(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,"working");
	while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); }
	send_text($client_key,"done");
}`})
	c := s.connect()
	c.send("x")
	c.want("working") // the handler cannot end before the file is there
	s.write("go", "")
	c.want("done")
}

func TestSendTextToKeysThatAreNoClients(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: evalText})
	c := s.connect()
	c.send(`return array(send_text(0,"x"),send_text(-1,"x"),send_text(77,"x"),send_text("1","by a string"),send_text(False,"x"),send_text(Null,"x"));`)
	c.want("by a string")
	c.want("[false,false,false,true,false,false]")
}

func TestSendTextFollowsTheStateThatIsWritten(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: evalText})
	a, b := s.connect(), s.connect()
	a.send(`$connections[2]["state"]="BUSY"; return send_text(2,"not to be seen");`)
	a.want("false")
	a.send(`return send_text(2,"nor this");`) // the next event's, too
	a.want("false")
	a.send(`$connections[2]["state"]="OPEN"; return send_text(2,"this");`)
	a.want("true")
	b.want("this")
}

func TestSendTextToAClientThatHandlersHaveClosedIsFalse(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: evalText})
	a, b := s.connect(), s.connect()
	a.send(`$before=send_text(2,"before"); close_client(2,1000); $after=send_text(2,"after"); broadcast_to_all("to all"); return array($before,$after,send_text(2,"again"));`)
	a.want("to all")
	a.want("[true,false,false]")
	b.want("before")
	if code, _ := b.closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
}

func TestSendTextToAClientThatLeavesMeanwhileBecomesFalse(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$begin=microtime(True);
	send_text($client_key,"working");
	do { usleep(10000); $sent=send_text(2,"are you there?"); } while ($sent && microtime(True)-$begin<10);
	send_text($client_key,json_encode(array($sent,send_text(2,"x"),isset($connections[2]))));
}`})
	a, b := s.connect(), s.connect()
	a.send("x")
	a.want("working")
	b.hangUp()
	a.want("[false,false,true]") // its row stays until its own close event
	if n := s.log.count("", `"level":"WARN"`); n > 1 {
		t.Errorf("%d warnings, want one at most", n)
	}
}

func TestSendsArriveInTheOrderOfTheCalls(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
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
	a, b := s.connect(), s.connect()
	a.send("x")
	all([]*client{a}, "1", "2", "3", "4", "6", "7")
	all([]*client{b}, "2", "5", "6")
}
