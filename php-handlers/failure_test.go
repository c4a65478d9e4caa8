package phphandlers

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestWarningsAreSurvived(t *testing.T) {
	a := newApp(t, evalText+`
function warn()
{
	$x=$undefined;
	$x=array(); $x["none"];
	$y=@file_get_contents("/nowhere");
	error_reporting(0); $x=$undefined; error_reporting(E_ALL);
	trigger_error("mine",E_USER_NOTICE);
	trigger_error("old",E_USER_DEPRECATED);
}`)
	effects := a.run(withTable(`warn(); return "survived";`))
	want(t, effects, "send [12] survived", "done {}")
	var lines []string
	for _, e := range effects {
		if e.Log != nil {
			lines = append(lines, e.Log.Level+" "+e.Log.Message)
			if filepath.Base(e.Log.File) != "push_server_events.php" || e.Log.Line < 8 {
				t.Errorf("%s:%d", e.Log.File, e.Log.Line)
			}
		}
	}
	undefined := `warning Undefined variable $undefined|warning Undefined array key "none"`
	if phpVersion(t) < 80000 {
		undefined = "warning Undefined variable: undefined|warning Undefined index: none"
	}
	if got := strings.Join(lines, "|"); got != undefined+"|warning mine|debug old" {
		t.Errorf("logged %s", got)
	}
}

func TestTimeLimit(t *testing.T) {
	a := newApp(t, evalText)
	for name, c := range map[string]struct {
		limit, code string
		kind        protocol.FailureKind
		message     string
	}{
		"of events":          {"1", `while (True);`, protocol.FailedTimeout, "php.timeout"},
		"of the application": {"2", `set_time_limit(1); while (True);`, protocol.FailedFatal, "Maximum execution time of 1 second"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			effects := a.with("limit", c.limit).run(withTable(c.code))
			f := effects[len(effects)-1].Failed
			if f == nil || f.Kind != c.kind || !strings.Contains(f.Message, c.message) || f.Line == 0 {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestWhatEndsAnEvent(t *testing.T) {
	a := newApp(t, evalText+`
class Custom extends Exception {}
function recurse($x) { recurse($x); }`)
	for name, c := range map[string]struct {
		code    string
		kind    protocol.FailureKind
		message string
	}{
		"exit":              {`exit;`, protocol.FailedExit, "the handler called exit or die"},
		"die in a buffer":   {`ob_start(); echo "x"; die("words");`, protocol.FailedExit, "exit"},
		"exception":         {`throw new Custom("thrown");`, protocol.FailedException, "Custom: thrown"},
		"undefined":         {`no_such_function();`, protocol.FailedFatal, "no_such_function"},
		"type error":        {`$f=function (array $x) {}; $f(1);`, protocol.FailedFatal, "array"},
		"parse error":       {`eval('$a=;');`, protocol.FailedFatal, "syntax error"},
		"memory":            {`ini_set("memory_limit","32M"); $a=array(); while (True) { $a[]=str_repeat("x",1000); }`, protocol.FailedFatal, "Allowed memory size"},
		"memory in big":     {`ini_set("memory_limit","64M"); $a=""; while (True) { $a.=str_repeat("x",10000000); }`, protocol.FailedFatal, "Allowed memory size"},
		"memory, recursion": {`ini_set("memory_limit","32M"); recurse(1);`, protocol.FailedFatal, "Allowed memory size"},
		"time":              {`set_time_limit(1); while (True);`, protocol.FailedFatal, "Maximum execution time"},
		"own fatal":         {`trigger_error("mine",E_USER_ERROR);`, protocol.FailedFatal, "mine"},
		"redeclared class":  {`eval("class Custom {}");`, protocol.FailedFatal, "class Custom"},
		"own redeclared":    {`eval("function recurse() {}");`, protocol.FailedFatal, "recurse()"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			event := withTable(`send_text(12,"first"); $connection["n"]=1; ` + c.code)
			if name == "memory, recursion" && phpVersion(t) < 80000 { // no PHP code can report it
				log := a.post(event.AppendTo(nil), nil).log
				if !strings.Contains(log, c.message) || !strings.Contains(log, "push_server_events.php on line 10") {
					t.Errorf("logged %s", log)
				}
				return
			}
			effects := a.run(event)
			want(t, effects, "send [12] first", "failed "+string(c.kind))
			if f := failure(t, effects); !strings.Contains(f.Message, c.message) {
				t.Errorf("got %+v", f)
			}
		})
	}
	want(t, a.run(withTable(`return "next";`)), "send [12] next", "done {}")
	if f := failure(t, a.run(withTable("\n\nthrow new Exception('x');"))); f.Line != 3 || f.File == "" {
		t.Errorf("got %+v", f)
	}
	wantLogged(t, a.run(withTable(`ob_start(); echo "said"; die(" words");`)), "info said words")
}

func TestEventsAfterOneThatEndsPHP(t *testing.T) {
	a := newApp(t, evalText)
	second, third := withTable(`exit;`), withTable(`return "never";`)
	second.Seq, third.Seq = 8, 9
	for _, code := range []string{`exit;`, `throw new Exception("x");`, `ini_set("memory_limit","32M"); $a=array(); while (True) { $a[]=1; }`} {
		second.Payload = []byte(code)
		effects := a.run(withTable(`return "first";`), second, third)
		if len(effects) != 4 || effects[1].Done == nil || effects[2].Seq != 8 || effects[2].Failed == nil ||
			effects[3].Seq != 9 || effects[3].Failed == nil || effects[3].Failed.Kind != "skipped" {
			t.Errorf("%s: got %s", code, show(effects))
		}
	}
}

func TestFailuresAtFileScope(t *testing.T) {
	for name, c := range map[string]struct {
		code    string
		kind    protocol.FailureKind
		message string
	}{
		"exit":        {`exit;`, protocol.FailedExit, "at file scope"},
		"exception":   {`throw new Exception("thrown");`, protocol.FailedException, "thrown"},
		"parse error": {`function {`, protocol.FailedFatal, "syntax error"},
		"missing":     {`require "nowhere.php";`, protocol.FailedFatal, "nowhere.php"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, c.code)
			effects := a.run(&protocol.Event{Kind: protocol.Describe, Seq: 1})
			f := failure(t, effects)
			if f.Kind != c.kind || !strings.Contains(f.Message, c.message) || effects[len(effects)-1].Seq != 1 {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	a := newApp(t, evalText)
	secret := a.write(t, "secret.php", "<?php")
	makeUnreadable(t, secret)
	for _, name := range []string{"events", "settings"} {
		for path, problem := range map[string]string{
			secret: "cannot be read", a.path("nowhere.php"): "does not exist", a.path("no/where.php"): "does not exist",
		} {
			effects := a.with(name, path).run(&protocol.Event{Kind: protocol.Describe, Seq: 1})
			f := failure(t, effects)
			if f.Kind != protocol.FailedUnreadable || !strings.Contains(f.Message, path+" "+problem) ||
				!strings.HasSuffix(f.Error(), " by user "+workerUser(t)) || len(effects) != 1 {
				t.Errorf("%s: got %+v in %s", name, f, show(effects))
			}
		}
	}
}

func TestShutdownFunctionsOfTheApplication(t *testing.T) {
	a := newApp(t, `register_shutdown_function(function() { echo "printed late"; send_text(12,"x"); show_message("late"); $x=$undefined; });`+evalText)
	for _, code := range []string{`send_text(12,"y");`, `exit;`} {
		effects := a.run(withTable(code))
		got := show(effects)
		if !strings.Contains(got, "stray printed late") || strings.Contains(got, "send [12] x") {
			t.Errorf("got %s", got)
		}
	}
}

// PHP 8.2 and later call the creation of such a property deprecated, wherever it happens.
func TestPropertiesThatNoClassDeclaresComeBackQuietly(t *testing.T) {
	a := newApp(t, evalText+"\nclass Thing { public $a=1; function __wakeup() { trigger_error(\"woken\"); } }")
	const row = `{"12":{"state":"OPEN","thing":{"\u0000php":"Tzo1OiJUaGluZyI6Mjp7czoxOiJhIjtpOjE7czo1OiJleHRyYSI7aToyO30="}}}` // O:5:"Thing":2:{s:1:"a";i:1;s:5:"extra";i:2;}
	effects := a.run(table(protocol.Text, `return $connection["thing"]->extra;`, row))
	want(t, effects, "send [12] 2", "done {}")
	if got := logged(effects); len(got) != 1 || got[0] != "warning woken" {
		t.Errorf("logged %q", got)
	}
}
