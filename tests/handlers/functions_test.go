package handlers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The helper functions that send nothing to clients.

func TestShowMessageIsOneLogLineAndOneOfTheDailyFile(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	c.Send(`show_message("plain ü"); show_message("starred",True); return gmdate("Ymd");`)
	day := c.Receive()
	s.Log.Wait("plain ü", `"event":"text"`)
	s.Log.Wait("*** starred")
	lines := strings.Split(s.Read("ws_"+day+".log"), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], "plain ü") || !strings.HasSuffix(lines[1], "*** starred") {
		t.Errorf("the daily file has %q", lines)
	}
}

func TestTextHelpers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	for _, row := range []struct{ call, want string }{
		{`return trim(var_dump_to_str(1.0));`, "float(1)"},
		{`return var_dump_to_str(array("a"=>array(True)));`, "array(1) {\n  [\"a\"]=>\n  array(1) {\n    [0]=>\n    bool(true)\n  }\n}\n"},
		{`ob_start(); echo "kept"; $dump=var_dump_to_str(1); return ob_get_clean()."|".$dump;`, "kept|int(1)\n"},
		{`return mysql_to_iso_timestamp("2020-02-03 04:05:06");`, "2020-02-03T04:05:06Z"},
		{`return unix_to_iso_timestamp(86400);`, "1970-01-02T00:00:00Z"},
		{`return extract_headers("GET /x HTTP/1.1\r\nHost: a:1\r\nX: y\r\n\r\nbody");`, `["GET \/x HTTP\/1.1","Host: a:1","X: y"]`},
		{`return extract_headers("no end");`, "false"},
		{`return get_header(extract_headers("GET / HTTP/1.1\r\nHost: a:1\r\n\r\nx"),"host");`, "a:1"},
		{`return get_header(array("A: b","a: c"),"A");`, "b"},
		{`return get_header(array("Cookie: x=y; z=a:b "),"COOKIE");`, "x=y; z=a:b"},
		{`return get_header(array("A: b"),"c");`, "false"},
	} {
		if got := c.Ask(row.call); got != row.want {
			t.Errorf("%s: got %q, want %q", row.call, got, row.want)
		}
	}
}

func TestLoadFiles(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	if err := os.MkdirAll(filepath.Join(s.Dir, "pages", "sub", "deep"), 0o777); err != nil {
		t.Fatal(err)
	}
	s.Write("pages/a.html", "  A  \n")
	s.Write("pages/b.txt", "B")
	s.Write("pages/plain", "P")
	s.Write("pages/sub/c.html", "\tC\nC\n")
	s.Write("pages/sub/deep/d.html", "D")
	c := s.Connect()
	for _, row := range []struct{ call, want string }{
		{`return load_files(__DIR__."/pages/");`, `{"a":"A","b":"B","plain":"P","sub\/c":"C\nC","sub\/deep\/d":"D"}`},
		{`return load_files(__DIR__."/pages");`, `{"a":"A","b":"B","plain":"P","sub\/c":"C\nC","sub\/deep\/d":"D"}`},
		{`return load_files(__DIR__."/pages/","","html");`, `{"a":"A","sub\/c":"C\nC","sub\/deep\/d":"D"}`},
		{`return load_files(__DIR__."/pages/","","html",False);`, `{"a.html":"A","sub\/c.html":"C\nC","sub\/deep\/d.html":"D"}`},
		{`return load_files(__DIR__."/pages/sub/",__DIR__."/pages/");`, `{"sub\/c":"C\nC","sub\/deep\/d":"D"}`},
		{`return load_files(__DIR__."/pages/sub/",__DIR__."/pages","html",False);`, `{"sub\/c.html":"C\nC","sub\/deep\/d.html":"D"}`},
		{`return load_files(__DIR__."/pages/","","xml");`, `[]`},
	} {
		if got := c.Ask(row.call); got != row.want {
			t.Errorf("%s: got %s, want %s", row.call, got, row.want)
		}
	}
}

func TestTemplateFill(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Settings: "SITE=example\n", Handlers: `
$templates=array("page"=>'@@head@@ %%who%% $$SITE$$',"head"=>"H:%%who%%","a"=>"a@@b@@","b"=>"b@@a@@","twice"=>"@@c@@@@c@@","c"=>"c","odd"=>'$$NONE$$ @@none@@ %%none%%',"all"=>"@@page@@!");
` + harness.Eval})
	c := s.Connect()
	for _, row := range []struct{ name, call, want string }{
		{"includes, constants and params", `return template_fill("page",array("who"=>"you"));`, "H:you you example"},
		{"includes of includes", `return template_fill("all",array("who"=>"me"));`, "H:me me example!"},
		{"without params", `return template_fill("page");`, "H:%%who%% %%who%% example"},
		{"an include twice", `return template_fill("twice");`, "cc"},
		{"what is unknown stays", `return template_fill("odd",array("other"=>1));`, `$$NONE$$ @@none@@ %%none%%`},
		{"a number as a param", `return template_fill("page",array("who"=>7));`, "H:7 7 example"},
		{"tracking ends a circle", `return template_fill("a");`, "ab"},
		{"tracking that is given", `return template_fill("a",False,array("b"));`, "a"},
		{"custom templates", `return template_fill("x",array("n"=>1),array(),array("x"=>"custom %%n%% @@y@@","y"=>"more"));`, "custom 1 more"},
		{"custom ones only", `return template_fill("x",False,array(),array("x"=>"@@head@@"));`, "@@head@@"},
		{"none of that name", `return "[".template_fill("nowhere")."]";`, "[]"},
		{"templates made in a handler", `global $templates; $templates=array("new"=>"N"); return template_fill("new");`, "N"},
	} {
		if got := c.Ask(row.call); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

func TestSendEmailIsAnHTMLMail(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Eval, TOML: "[php.ini]\n"}
	s := harness.Prepare(t, a)
	s.Write("wsbridge.toml", s.Read("wsbridge.toml")+"sendmail_path = \"/bin/sh -c 'cat > "+s.Path("mail")+"'\"\n")
	s.Run(a)
	c := s.Connect()
	for _, row := range []struct {
		call     string
		has, not []string
	}{
		{`send_email("a@example.org","Hello","<p>hi</p>","shop@example.org","reply@example.org");`,
			[]string{"To: a@example.org", "Subject: Hello", "From: shop@example.org", "Reply-To: reply@example.org", "Content-Type: text/html", "<p>hi</p>"}, nil},
		{`send_email("b@example.org","Grüße","<b>ü</b>");`,
			[]string{"To: b@example.org", "Subject: =?UTF-8?B?R3LDvMOfZQ==?=", "text/html", "<b>ü</b>"}, []string{"From: shop", "Reply-To:"}},
		{`send_email("c@example.org","x","y","a@example.org\r\nBcc: all@example.org");`,
			[]string{"To: c@example.org"}, []string{"\nBcc:"}},
	} {
		c.Send(row.call + ` return "sent";`)
		c.Want("sent")
		mail := s.Read("mail")
		for _, want := range row.has {
			if !strings.Contains(mail, want) {
				t.Errorf("no %q in %s", want, mail)
			}
		}
		for _, bad := range row.not {
			if strings.Contains(mail, bad) {
				t.Errorf("%q in %s", bad, mail)
			}
		}
	}
}
