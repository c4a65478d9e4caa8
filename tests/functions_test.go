package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// Functions a handler may call.

func TestSendText(t *testing.T) {
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

func TestBroadcastReachesEveryOpenClient(t *testing.T) {
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

func TestCloseClient(t *testing.T) {
	s := serve(t, app{handlers: evalText + `
function ws_server_before_close(&$connections,&$connection) { if ($connection["state"]=="OPEN") { send_text(array_search($connection,$connections),"bye"); } send_text(1,"before ".count($connections)); }
function ws_server_after_close(&$connections) { send_text(1,"after ".count($connections)); }`})
	a, b, c := s.connect(), s.connect(), s.connect()
	a.send(`close_client(2,4001,"because"); return isset($connections[2])?"there":"gone";`)
	for _, want := range []string{"before 3", "after 2", "gone"} {
		a.want(want)
	}
	b.want("bye")
	if code, reason := b.closed(); code != 4001 || reason != "because" {
		t.Errorf("closed with %d %q", code, reason)
	}
	a.send(`close_client(3); return "dropped";`)
	for _, want := range []string{"before 2", "after 1", "dropped"} {
		a.want(want)
	}
	c.want("bye")
	if code, _ := c.closed(); code != 0 {
		t.Errorf("closed with %d, want no close frame", code)
	}
	a.send(`close_client(77); close_client(1,1000); $connection["ghost"]=1;`)
	a.want("bye")
	a.want("before 1")
	if code, _ := a.closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	d := s.connect()
	d.send(`return array_keys($connections);`)
	d.want("[4]")
}

func TestCloseClientCodes(t *testing.T) {
	s := serve(t, app{handlers: evalText})
	long := strings.Repeat("ä", 100)
	for _, row := range []struct {
		call   string
		code   int
		reason string
	}{
		{`close_client($client_key,1008,"` + long + `");`, 1008, long[:122]},
		{`close_client($client_key,1006,"not to be sent");`, 1011, "not to be sent"},
		{`close_client($client_key,1000,"\xff");`, 1000, "\uFFFD"},
	} {
		c := s.connect()
		c.send(row.call)
		if code, reason := c.closed(); code != row.code || reason != row.reason {
			t.Errorf("%s: got %d %q", row.call, code, reason)
		}
	}
}

func TestDoReplyDoesWhatTheBytesSay(t *testing.T) {
	s := serve(t, app{handlers: evalText})
	c := s.connect()
	pings := 0
	c.conn.SetPingHandler(func(data string) error {
		if data == "pi" {
			pings++
		}
		return nil
	})
	c.send(`do_reply($client_key,encode_frame(2,"\xff\x00").encode_frame(9,"pi").encode_text_data_frame("text")); return "done";`)
	if op, data := c.next(); op != websocket.BinaryMessage || string(data) != "\xff\x00" {
		t.Errorf("got %d %q", op, data)
	}
	c.want("text")
	c.want("done")
	if pings != 1 {
		t.Errorf("got %d pings", pings)
	}
	c.send(`do_reply($client_key,encode_frame(1,str_repeat("x",70000)));`)
	if got := c.receive(); len(got) != 70000 {
		t.Errorf("got %d bytes", len(got))
	}
	c.send(`do_reply($client_key,"no frame at all"); return "survived";`)
	c.want("survived")
	s.log.wait("do_reply was given no websocket frames")
	c.send(`do_reply($client_key,encode_frame(8,"over",4000));`)
	if code, reason := c.closed(); code != 4000 || reason != "over" {
		t.Errorf("closed with %d %q", code, reason)
	}
}

func TestFrameHelpersAreInverse(t *testing.T) {
	s := serve(t, app{handlers: evalText})
	c := s.connect()
	c.send(`
$masked=chr(0x81).chr(0x80|5)."abcd"; for ($i=0;$i<5;$i++) { $masked.=chr(ord("hello"[$i])^ord("abcd"[$i%4])); }
$frame=decode_frame($masked);
$close=chr(0x88).chr(0x82)."\0\0\0\0".chr(3).chr(232);
$end=decode_frame($close);
return array($frame["payload"],$frame["opcode"],$frame["fin"],$end["opcode"],$end["close_status"],bin2hex(encode_frame(8,"bye",1000)),bin2hex(encode_frame(1,"hi")));`)
	c.want(`["hello",1,true,8,1000,"880503e8627965","81026869"]`)
	c.send(`
$buffer=array(); foreach (array("one "=>0x01,"two "=>0x00,"three"=>0x80) as $text => $first) {
	$bytes=chr($first).chr(0x80|strlen($text))."\0\0\0\0".$text; $buffer[]=decode_frame($bytes); }
return coalesce_frames($buffer);`)
	c.want("one two three")
}

func TestShowMessage(t *testing.T) {
	s := serve(t, app{handlers: evalText})
	c := s.connect()
	c.send(`show_message("plain"); show_message("starred",True); return gmdate("Ymd");`)
	day := c.receive()
	s.log.wait("plain")
	s.log.wait("*** starred")
	if got := s.read("ws_" + day + ".log"); !strings.Contains(got, "plain") || !strings.Contains(got, "*** starred") {
		t.Errorf("the daily file has %q", got)
	}
}

func TestTextHelpers(t *testing.T) {
	s := serve(t, app{handlers: evalText, settings: "SITE=example\n"})
	if err := os.MkdirAll(filepath.Join(s.dir, "pages", "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	s.write("pages/a.html", "  A  \n")
	s.write("pages/b.txt", "B")
	s.write("pages/sub/c.html", "C")
	c := s.connect()
	for call, want := range map[string]string{
		`return load_files(__DIR__."/pages/");`:                                              `{"a":"A","b":"B","sub\/c":"C"}`,
		`return load_files(__DIR__."/pages/","","html");`:                                    `{"a":"A","sub\/c":"C"}`,
		`return load_files(__DIR__."/pages/","","html",False);`:                              `{"a.html":"A","sub\/c.html":"C"}`,
		`return trim(var_dump_to_str(1.0));`:                                                 "float(1)",
		`return mysql_to_iso_timestamp("2020-02-03 04:05:06");`:                              "2020-02-03T04:05:06Z",
		`return unix_to_iso_timestamp(86400);`:                                               "1970-01-02T00:00:00Z",
		`return get_header(extract_headers("GET / HTTP/1.1\r\nHost: a:1\r\n\r\nx"),"host");`: "a:1",
		`return extract_headers("no end");`:                                                  "false",
		`return get_header(array("A: b"),"c");`:                                              "false",
		`global $templates; $templates=array("page"=>'@@head@@ %%who%% $$SITE$$',"head"=>"H:"); return template_fill("page",array("who"=>"you"));`: "H: you example",
		`return template_fill("x",array("n"=>1),array(),array("x"=>"custom %%n%%"));`:                                                              "custom 1",
	} {
		if got := c.ask(call); got != want {
			t.Errorf("%s: got %q, want %q", call, got, want)
		}
	}
}

func TestSendEmail(t *testing.T) {
	s := prepare(t, app{handlers: evalText, toml: "x"})
	s.write("wsbridge.toml", "[legacy]\nsettings = \""+s.path("server_shared.conf")+"\"\n[php.ini]\nsendmail_path = \"/bin/sh -c 'cat > "+s.path("mail")+"'\"\n")
	s.start("serve", "--config", s.path("wsbridge.toml"))
	s.address = s.log.wait("listening")["address"].(string)
	c := s.connect()
	c.send(`send_email("a@example.org","Hello","<p>hi</p>","shop@example.org","reply@example.org"); return "sent";`)
	c.want("sent")
	mail := s.read("mail")
	for _, want := range []string{"To: a@example.org", "Subject: Hello", "From: shop@example.org", "Reply-To: reply@example.org", "text/html", "<p>hi</p>"} {
		if !strings.Contains(mail, want) {
			t.Errorf("no %q in %s", want, mail)
		}
	}
}

func TestSendsArriveWhileTheHandlerWorks(t *testing.T) {
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
