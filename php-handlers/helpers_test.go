package phphandlers

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestHelpers(t *testing.T) {
	a := newApp(t, evalText+`define("SITE","example"); define("LISTED",array(1));
function masked($first,$text) { $m="abcd"; $s=chr($first).chr(0x80|strlen($text)).$m; for ($i=0;$i<strlen($text);$i++) { $s.=chr(ord($text[$i])^ord($m[$i%4])); } return $s; }`)
	for name, content := range map[string]string{
		"pages/a.html": "  A  \n", "pages/b.txt": "B", "pages/sub/c.html": "C", "pages/sub/deep/d.html": "D", "pages/README": "R", "pages/.git/x": "no", "pages/x.tar.gz": "Z",
	} {
		a.write(t, "app/"+name, content)
	}
	for code, want := range map[string]string{
		`return bin2hex(encode_frame(1,"hi").encode_text_data_frame("hi"));`:                                                                                                      "8102686981026869",
		`return bin2hex(encode_frame(8,"bye",1000).encode_frame(8).encode_frame(9,"p"));`:                                                                                         "880503e8627965" + "8800" + "890170",
		`return bin2hex(substr(encode_frame(2,str_repeat("x",126)),0,5));`:                                                                                                        "827e007e78",
		`return bin2hex(substr(encode_frame(2,str_repeat("x",65536)),0,11));`:                                                                                                     "827f000000000001000078",
		`$d=masked(0x81,"hello"); $f=decode_frame($d); return array($f["fin"],$f["opcode"],$f["mask"],$f["mask_key"],$f["payload"],isset($f["close_status"]),$d);`:                `[true,1,true,[97,98,99,100],"hello",false,""]`,
		`$d=masked(0x01,"Grüße"); $f=decode_frame($d); return array($f["fin"],$f["payload"]);`:                                                                                    `[false,"Gr\u00fc\u00dfe"]`,
		`$d=masked(0x81,"one").masked(0x81,"two"); $a=decode_frame($d); $b=decode_frame($d); return array($a["payload"],$b["payload"],decode_frame($d));`:                         `["one","two",false]`,
		`$d=masked(0x88,"\x03\xe8bye"); $f=decode_frame($d); return array($f["opcode"],$f["close_status"],$f["payload"]);`:                                                        `[8,1000,"bye"]`,
		`$d=masked(0x88,""); $f=decode_frame($d); return array($f["payload"],isset($f["close_status"]));`:                                                                         `["",false]`,
		`$d=encode_frame(1,str_repeat("x",70000)); $f=decode_frame($d); return array(strlen($f["payload"]),$f["mask"],$f["mask_key"]);`:                                           `[70000,false,[]]`,
		`$d=substr(masked(0x81,"hello"),0,-1); $c=$d; return array(decode_frame($d),$d===$c);`:                                                                                    `[false,true]`,
		`$a=""; $b="\x81"; $c="\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"; return array(decode_frame($a),decode_frame($b),decode_frame($c));`:                                      `[false,false,false]`,
		`$b=array(); foreach (array("one "=>0x01,"two "=>0x00,"three"=>0x80) as $text => $first) { $d=masked($first,$text); $b[]=decode_frame($d); } return coalesce_frames($b);`: "one two three",
		`return load_files(__DIR__."/pages/");`:                                                        `{"README":"R","a":"A","b":"B","sub\/c":"C","sub\/deep\/d":"D","x.tar":"Z"}`,
		`return load_files(__DIR__."/pages","","html");`:                                               `{"a":"A","sub\/c":"C","sub\/deep\/d":"D"}`,
		`return load_files(__DIR__."/pages/","","html",False);`:                                        `{"a.html":"A","sub\/c.html":"C","sub\/deep\/d.html":"D"}`,
		`return load_files(__DIR__."/pages/sub/",__DIR__."/pages/","html");`:                           `{"sub\/c":"C","sub\/deep\/d":"D"}`,
		`return trim(var_dump_to_str(1.0));`:                                                           "float(1)",
		`return mysql_to_iso_timestamp("2020-02-03 04:05:06");`:                                        "2020-02-03T04:05:06Z",
		`return unix_to_iso_timestamp(86400).unix_to_iso_timestamp("0");`:                              "1970-01-02T00:00:00Z1970-01-01T00:00:00Z",
		`return extract_headers("GET / HTTP/1.1\r\nHost: a:1\r\n\r\nx");`:                              `["GET \/ HTTP\/1.1","Host: a:1"]`,
		`return get_header(extract_headers("GET / HTTP/1.1\r\nHost:  a:1 \r\n\r\nx"),"host");`:         "a:1",
		`return array(extract_headers("no end"),get_header(False,"x"),get_header(array("A: b"),"c"));`: `[false,false,false]`,
		`global $templates; $templates=array("page"=>'@@head@@ %%who%% $$SITE$$ $$LISTED$$ $$E_ALL$$',"head"=>"H %%who%%:"); return template_fill("page",array("who"=>"you"));`: "H you: you example $$LISTED$$ $$E_ALL$$",
		`return template_fill("x",array("n"=>1,"list"=>array()),array(),array("x"=>"custom %%n%% @@y@@","y"=>"%%list%%"));`:                                                     "custom 1 %%list%%",
		`return template_fill("none")."|".template_fill("a",False,array(),array("a"=>"A@@b@@","b"=>"B@@a@@"));`:                                                                 "|AB",
	} {
		if got := a.ask(code); got != want {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
}

func TestShowMessage(t *testing.T) {
	a := newApp(t, evalText)
	if err := os.Mkdir(a.path("logs"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(a.path("logs"), 0o777); err != nil {
		t.Fatal(err)
	}
	const code = `show_message("plain"); show_message("starred",True); show_message("\xff"); show_message(5); return gmdate("Ymd");`
	for name, folder := range map[string]string{"writable": a.path("logs"), "with a slash": a.path("logs") + "/", "missing": a.path("nowhere/"), "none": ""} {
		t.Run(name, func(t *testing.T) {
			conf := a.write(t, "conf", "WEBSOCKET_LOG_PATH="+folder+"\n")
			effects := a.with("settings", conf).run(withTable(code))
			if got := strings.Join(logged(effects), "|"); got != "info plain|info *** starred|info \uFFFD|info 5" {
				t.Errorf("logged %q", got)
			}
			if name == "writable" || name == "with a slash" {
				day := string(effects[len(effects)-2].Send.Payload)
				if got := a.read(t, "logs/ws_"+day+".log"); !strings.Contains(got, "]  plain\n[") || !strings.Contains(got, "]  *** starred\n") {
					t.Errorf("the file has %q", got)
				}
			}
		})
	}
}

func TestSendEmail(t *testing.T) {
	dir := publicDir(t)
	a := newAppWith(t, evalText, map[string]string{"sendmail_path": "\"/bin/sh -c 'cat > " + dir + "/mail'\""})
	mail := func(code string) string {
		if got := a.ask("return " + code); got != "true" {
			t.Fatalf("%s: %s", code, got)
		}
		text, err := readIfThere(dir + "/mail")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	text := mail(`send_email("a@example.org","Hello","<p>Grüße</p>","shop@example.org","reply@example.org");`)
	for _, want := range []string{"To: a@example.org", "Subject: Hello", "From: shop@example.org", "Reply-To: reply@example.org", "Content-Type: text/html; charset=UTF-8", "<p>Grüße</p>"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	text = mail(`send_email("a@example.org","Grüße","x","a@b\r\nBcc: evil@example.org");`)
	if strings.Contains(text, "\nBcc:") || !strings.Contains(text, "=?UTF-8?B?R3LDvMOfZQ==?=") || strings.Contains(text, "Reply-To") {
		t.Errorf("got %s", text)
	}
}

// askYielding asks as wsbridge does: it yields the helpers that the application defines itself, according to PHP, and asks again.
func (a *app) askYielding(e func() *protocol.Event) (effects []*protocol.Effect, yielded []string) {
	a.t.Helper()
	for {
		effects = a.with("yield", strings.Join(yielded, ",")).run(e())
		f := effects[len(effects)-1].Failed
		if f == nil || f.Kind != protocol.FailedRedeclare {
			return effects, yielded
		}
		if slices.Contains(yielded, f.Name) {
			a.t.Fatalf("%q is yielded already", f.Name)
		}
		yielded = append(yielded, f.Name)
	}
}

func TestApplicationsThatBringHelpersThemselves(t *testing.T) {
	const library = `<?php
# the application's own copy
if (True) { define("LIBRARY",1); }
define('OTHER', 'x');
function show_message($msg,$star=False) { echo "own: {$msg}\n"; }
function unix_to_iso_timestamp($ts) { return "own ".$ts; }
function &var_dump_to_str($v) { $s="own"; return $s; }
class Mailer extends ArrayObject implements Countable { function send_email() {} }
`
	const handlers = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	show_message("said"); send_text($client_key,unix_to_iso_timestamp(0));
}`
	for name, c := range map[string]struct {
		events, library string
		yielded         int
	}{
		"unconditional":        {`require_once("lib/utils, 1.php");`, library, 1},
		"after use":            {`show_message("early"); require_once("lib/utils, 1.php");`, library, 1},
		"in a handler":         {`function ws_server_open(&$connections,&$connection,$client_key) { require_once("lib/utils, 1.php"); }`, library, 1},
		"with more code in it": {`define("ROOT",__DIR__); require_once("lib/utils, 1.php");`, library + `$x=ROOT; echo "";`, 3},
		"that calls":           {`require_once("lib/utils, 1.php");`, library + `session_name("x");`, 3},
		"in the events file":   {strings.TrimPrefix(library, "<?php"), "", 3},
		"before ours":          {strings.TrimPrefix(library, "<?php") + `if (!function_exists("send_text")) { function send_text() {} }`, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, c.events+handlers)
			a.write(t, "app/lib/utils, 1.php", c.library)
			_, opening := a.askYielding(func() *protocol.Event { return table(protocol.Open, "", three) })
			effects, yielded := a.askYielding(func() *protocol.Event { return table(protocol.Text, "", three) })
			if name == "in a handler" {
				effects, yielded = a.with("yield", opening[0]).run(table(protocol.Text, "", three)), opening
			}
			want(t, effects, "send [12] own 0", "done {}")
			wantLogged(t, effects, "own: said")
			if len(yielded) != c.yielded {
				t.Errorf("yielded %q", yielded)
			}
		})
	}
}
