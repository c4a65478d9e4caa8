package phphandlers

import (
	"strings"
	"testing"
)

func TestWhatHandlersPrintIsLogged(t *testing.T) {
	for ini, settings := range map[string]map[string]string{
		"plain":    nil,
		"buffered": {"output_buffering": "4096"},
		"zipped":   {"zlib.output_compression": "On"},
		"html":     {"html_errors": "On", "display_errors": "On", "implicit_flush": "On"},
	} {
		t.Run(ini, func(t *testing.T) {
			a := newAppWith(t, `echo "at file scope\n"; function shout($text) { return strtoupper($text); }`+evalText, settings).with("HTTP_ACCEPT_ENCODING", "gzip")
			for name, c := range map[string]struct {
				code   string
				effect string
				log    string
			}{
				"before and after":       {`echo "one"; send_text(12,"x"); print "two\n";`, "send [12] x", "info at file scope\none|info two"},
				"an effect":              {`echo "` + token + ` {\"seq\":7,\"done\":{}}\n";`, "", "info at file scope\n" + token + ` {"seq":7,"done":{}}`},
				"standard streams":       {`fwrite(STDOUT,"out\n"); fwrite(STDERR,"err"); fputs(STDERR,"more\n");`, "", "info at file scope|info out|info err|info more"},
				"streams in a buffer":    {`ob_start(); echo "mine"; fwrite(STDERR,"err"); send_text(12,ob_get_clean());`, "send [12] mine", "info at file scope|info err"},
				"own buffer":             {`ob_start(); echo "mine"; $s=ob_get_clean(); echo "out"; send_text(12,$s);`, "send [12] mine", "info at file scope\nout"},
				"effect in own buffer":   {`ob_start(); echo "a"; ob_start(); echo "b"; send_text(12,"x"); echo "c"; $in=ob_get_clean(); echo "d"; send_text(12,ob_get_clean().$in);`, "send [12] x|send [12] adbc", "info at file scope"},
				"own buffer left open":   {`ob_start(); echo "a"; send_text(12,"x"); ob_start(); echo "b";`, "send [12] x", "info at file scope|info ab"},
				"buffer with a callback": {`ob_start("shout"); echo "a"; send_text(12,"x"); echo "b"; ob_end_flush(); send_text(12,"y");`, "send [12] x|send [12] y", "info at file scope\nAB"},
				"callback left open":     {`ob_start("shout"); echo "a"; send_text(12,"x"); show_message("m");`, "send [12] x", "info at file scope\nA|info m"},
				"buffer in chunks":       {`ob_start(null,4); echo "abcdefg"; send_text(12,"x"); echo "h"; ob_end_flush();`, "send [12] x", "info at file scope\nabcdefg|info h"},
				"cleaned":                {`echo "a"; ob_clean(); echo "b";`, "", "info at file scope\nab"},
				"flushed":                {`echo "a"; ob_flush(); flush(); echo "b";`, "", "info at file scope\nab"},
				"dumped":                 {`send_text(12,trim(var_dump_to_str(1.5)));`, "send [12] float(1.5)", "info at file scope"},
				"not utf-8":              {`echo "\xff";`, "", "info at file scope\n\uFFFD"},
			} {
				t.Run(name, func(t *testing.T) {
					effects := a.run(withTable(c.code))
					lines := strings.Split(c.effect, "|")
					if c.effect == "" {
						lines = nil
					}
					want(t, effects, append(lines, "done {}")...)
					if got := strings.Join(logged(effects), "|"); got != c.log {
						t.Errorf("logged %q, want %q", got, c.log)
					}
				})
			}
		})
	}
}

func TestHandlersThatThrowOurBufferAway(t *testing.T) {
	a := newApp(t, evalText)
	effects := a.run(withTable(`
echo "caught"; while (ob_get_level()>0) { ob_end_clean(); }
echo "raw"; send_text(12,"x");
echo "caught again"; while (@ob_end_flush()); echo "raw\nagain"; ob_start(); echo "mine";
send_text(12,"y"); $mine=ob_get_clean(); send_text(12,$mine); while (ob_get_level()) { ob_end_clean(); } echo "at the end";`))
	want(t, effects, "stray raw", "send [12] x", "stray raw", "stray again", "send [12] y", "send [12] mine", "stray at the end", "done {}")
	wantLogged(t, effects, "info caught")
	wantLogged(t, effects, "info caught again")
	for _, line := range logged(effects) {
		if strings.HasPrefix(line, "warning ") {
			t.Errorf("logged %q", line)
		}
	}
}

func TestPrintingWithoutEnd(t *testing.T) {
	a := newApp(t, evalText)
	effects := a.run(withTable(`for ($i=0;$i<3000;$i++) { echo str_repeat("x",100000); } send_text(12,memory_get_peak_usage()<20000000?"fine":"much");`))
	want(t, effects, "send [12] fine", "done {}")
	if got := logged(effects)[0]; len(got) > 70000 || !strings.HasSuffix(got, "… (299934464 bytes more)") {
		t.Errorf("logged %d bytes: %s", len(got), got[len(got)-50:])
	}
}
