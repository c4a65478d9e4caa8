package phphandlers

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

const settingsLook = `global $settings; return array(bin2hex(COLOUR),N,defined("GONE"),count($settings),end($settings));`

// settingsCopy returns the copy of a settings file, once the file has had time to settle.
func (a *app) settingsCopy(conf string) string {
	a.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		d := &protocol.Description{}
		done := a.with("settings", conf).run(&protocol.Event{Kind: protocol.Describe, Seq: 1})[0].Done
		if err := json.Unmarshal(done.Result, d); err != nil {
			a.t.Fatal(err)
		}
		if len(d.Settings) > 0 {
			return string(d.Settings)
		}
		if time.Now().After(deadline) {
			a.t.Fatal("there is no copy of the settings")
		}
	}
}

func TestSettingsComeFromTheCopyWhileItIsTrue(t *testing.T) {
	a := newApp(t, evalText)
	const settings = "COLOUR=blue's \\ $x\xff\nN=1\n\nCOLOUR=red\n# last"
	const read = `["626c75652773205c202478ff","1",false,5,"# last"]`
	conf := a.write(t, "conf", settings)
	source := a.settingsCopy(conf)
	kept := a.with("settings", conf, "copy", a.write(t, "settings.php", source))
	look := func(when, want string) {
		t.Helper()
		if got := kept.ask(settingsLook); got != want {
			t.Errorf("%s: got %s, want %s", when, got, want)
		}
	}
	look("at first", read)

	a.write(t, "settings.php", strings.Replace(source, "'# last'", "'# copy'", 1))
	kept = a.with("settings", conf, "copy", a.path("settings.php"))
	look("with a copy that can be told from the file", `["626c75652773205c202478ff","1",false,5,"# copy"]`)

	if err := os.Chtimes(conf, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	look("with another time", read)

	a.write(t, "conf", strings.Replace(settings, "N=1", "N=2", 1))
	look("with another content", `["626c75652773205c202478ff","2",false,5,"# last"]`)

	kept = a.with("settings", conf, "copy", a.path("missing.php"))
	look("without the copy", `["626c75652773205c202478ff","2",false,5,"# last"]`)
}

func TestSettingsCountForTheCode(t *testing.T) {
	a := newApp(t, evalText)
	conf := a.write(t, "conf", "A=1")
	code := func(a *app) string {
		effects := a.run(row(protocol.Text, "", "{}"))
		return strings.TrimSuffix(effects[len(effects)-1].Done.Code, "+")
	}
	source := a.settingsCopy(conf)
	first := code(a.with("settings", conf))
	if got := code(a.with("settings", conf, "copy", a.write(t, "settings.php", source))); got != first || code(a) == first {
		t.Errorf("got %q with the copy, %q without it", got, first)
	}
	a.write(t, "conf", "A=12")
	if code(a.with("settings", conf)) == first {
		t.Error("changed settings are not noticed")
	}
}
