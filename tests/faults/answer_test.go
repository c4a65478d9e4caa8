package faults

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// What handlers do to the output and the response of a web page. The original had neither.

func TestHandlersCannotBreakTheirAnswer(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	for name, php := range map[string]string{
		"buffers are flushed":      `while (ob_get_level()>0) { ob_end_flush(); } echo "printed"; flush();`,
		"buffers are dropped":      `while (ob_get_level()>0) { ob_end_clean(); } echo "printed"; ob_start(); echo "more";`,
		"a status":                 `@header("HTTP/1.1 404 Not Found"); @header("Status: 500 Down"); @http_response_code(503); @header("Location: /");`,
		"a length":                 `@header("Content-Length: 3"); @header("Content-Encoding: gzip"); @header("Connection: close");`,
		"compression":              `@ini_set("zlib.output_compression","1"); @ob_start("ob_gzhandler"); echo "printed";`,
		"a callback for headers":   `@header_register_callback(function () { echo "printed"; });`,
		"standard output":          `@fclose(STDOUT); @fclose(STDERR); foreach (array("php://output","php://stdout","php://stderr") as $name) { $f=fopen($name,"w"); fwrite($f,"printed"); fclose($f); }`,
		"the user's abort":         `ignore_user_abort(False); connection_aborted(); connection_status();`,
		"a rewriter":               `output_add_rewrite_var("a","b"); echo "<a href='x'>";`,
		"an exit when PHP ends":    `register_shutdown_function(function () { echo "printed"; exit(1); });`,
		"the end of the response":  `if (function_exists("fastcgi_finish_request")) { fastcgi_finish_request(); }`,
		"text that is no encoding": `@ini_set("output_encoding","UTF-16"); @ob_start("ob_iconv_handler"); echo "printed";`,
	} {
		t.Run(name, func(t *testing.T) {
			s := s.In(t)
			c := s.Connect()
			c.Send(`send_text($client_key,"before"); ` + php + ` send_text($client_key,"after"); $connection["kept"]="kept"; return "end";`)
			harness.WantAll([]*harness.Client{c}, "before", "after", "end")
			if got := c.Ask(`return $connection["kept"];`); got != "kept" {
				t.Errorf("got %q", got)
			}
		})
	}
	if n := s.Log.Count("failed"); n != 0 {
		t.Errorf("%d events failed", n)
	}
}

// A php-fpm that is not wsbridge's own has the function.
func TestHandlerEndsTheResponse(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval, TOML: harness.StartFPMForResidents(t, 3, 5, "30s").Config()})
	c, other := s.Connect(), s.Connect()
	for range 2 {
		c.Send(`send_text($client_key,"before"); fastcgi_finish_request(); send_text($client_key,"after"); $connection["kept"]="kept"; return "end";`)
		c.Want("before")
		if harness.Residents() {
			harness.WantAll([]*harness.Client{c}, "after", "end")
		} else {
			s.Log.Wait("event failed", "fastcgi_finish_request", `"client":1`)
		}
		if got, want := c.Ask(`return isset($connection["kept"])?"kept":"lost";`), map[bool]string{true: "kept", false: "lost"}[harness.Residents()]; got != want {
			t.Errorf("got %q", got)
		}
		if got := other.Ask(`return "there";`); got != "there" {
			t.Errorf("got %q", got)
		}
	}
	if !harness.Residents() {
		return
	}
	s.Log.Wait("has ended its request", "fastcgi_finish_request")
	before := c.Ask(`return (string) getmypid();`)
	c.Send(`no_such_function();`)
	s.Log.Wait("handler failed", "undefined function")
	if after := other.Ask(`return (string) getmypid();`); after == before || strings.Contains(s.Log.Text(), "no resident worker") {
		t.Errorf("process %s, then %s", before, after)
	}
}
