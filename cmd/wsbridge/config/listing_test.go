package config

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// reload reads a TOML text as a configuration.
func reload(tb testing.TB, text string) Config {
	tb.Helper()
	cfg, err := Load(Sources{Config: writeFile(tb, "wsbridge.toml", text)})
	if err != nil {
		tb.Fatalf("%v in:\n%s", err, text)
	}
	return cfg
}

func TestListingReadsBackAsTheSameConfiguration(t *testing.T) {
	t.Chdir("testdata")
	files, err := filepath.Glob("good/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			cfg, entries, err := List(Sources{Config: file})
			if err != nil {
				t.Fatal(err)
			}
			text := FormatTOML(entries)
			got := reload(t, text)
			got.Notes, cfg.Notes = nil, nil // they name other files
			if !reflect.DeepEqual(got, cfg) {
				t.Errorf("got  %+v\nwant %+v\nfrom\n%s", got, cfg, text)
			}
		})
	}
}

func TestListingTellsWhereValuesCameFrom(t *testing.T) {
	path := writeFile(t, "server_shared.conf", required+"WEBSOCKET_CONNECTION_TIMEOUT_SEC=20\n")
	file := writeFile(t, "wsbridge.toml", "[server]\nlisten = \"127.0.0.1:1\"\n[php]\nworkers = 4\n")
	_, entries, err := List(Sources{Settings: path, Config: file, FastCGI: "unix:/run/fpm.sock"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"server.listen":         file + ":2",
		"server.pong_timeout":   path + ":4 WEBSOCKET_CONNECTION_TIMEOUT_SEC",
		"server.ping_interval":  path + ":4 WEBSOCKET_CONNECTION_TIMEOUT_SEC",
		"server.require_cookie": path + " legacy default",
		"server.queue_wait":     "default",
		"legacy.settings":       "--settings",
		"php.settings_file":     "as legacy.settings",
		"php.fastcgi":           "--fastcgi",
		"php.workers":           file + ":4",
		"php.events_file":       path + ":3 WEBSOCKET_EVENTS_INCLUDE_FILE",
	}
	for _, e := range entries {
		if from, ok := want[e.Key]; ok && e.From != from {
			t.Errorf("%s: got %q, want %q", e.Key, e.From, from)
		}
		if e.Key == "php.workers" && !e.Usual || e.Key == "server.listen" && e.Usual {
			t.Errorf("%s: default is %v", e.Key, e.Usual)
		}
	}
}

func TestListingShowsNoSecrets(t *testing.T) {
	text := "[php]\nevents_file = \"/e.php\"\nini = { \"mysqli.default_pw\" = \"secrets\", \"session.save_path\" = \"tcp://r?auth=secrets\", " +
		"\"vendor.id\" = \"4f9secrets\", \"date.timezone\" = \"Europe/Berlin\", \"max_input_time\" = 5 }\n"
	_, entries, err := List(Sources{Config: writeFile(t, "wsbridge.toml", text)})
	if err != nil {
		t.Fatal(err)
	}
	got := FormatTOML(entries)
	if strings.Contains(got, "secrets") {
		t.Errorf("a secret is shown:\n%s", got)
	}
	for _, want := range []string{`ini = { "date.timezone" = "Europe/Berlin", "max_input_time" = "5" }`, "# vendor.id is not shown"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in:\n%s", want, got)
		}
	}
}

func TestNamesOfSecretsAreKnown(t *testing.T) {
	for name, want := range map[string]bool{"control.token": true, "control.token_file": false, "server.listen": false, "php.db_password": true} {
		if isSecret(name) != want {
			t.Errorf("%s: got %v", name, !want)
		}
	}
}

// odd are values that a settings file may hold, and a TOML file must quote.
func odd() []string {
	return []string{"plain", `a"b`, `a\b`, "ü ☃", "a # b", "'single'", "tab\tin", "$HOME", "a=b"}
}

// settingsLines makes a settings file of odd but good values.
func settingsLines(r *rand.Rand) string {
	pick := func() string { return odd()[r.IntN(len(odd()))] }
	lines := []string{
		"WEBSOCKET_LISTENING_ADDRESS=" + []string{"localhost", "0.0.0.0", "[::1]", "::"}[r.IntN(4)],
		fmt.Sprintf("WEBSOCKET_LISTENING_PORT=%d", r.IntN(65536)),
		"WEBSOCKET_EVENTS_INCLUDE_FILE=" + []string{"/", ""}[r.IntN(2)] + strings.ReplaceAll(pick(), "\t", "") + "/events.php",
		"DB_PASSWORD=s3cret-" + pick(),
		pick() + "=s3cret",
	}
	for _, more := range []string{
		fmt.Sprintf("WEBSOCKET_SELECT_TIMEOUT=%d", r.IntN(2_000_000)),
		"WEBSOCKET_SERVER_HEADER=" + strings.Map(func(r rune) rune { return min(max(r, ' '), '~') }, pick()),
		"WEBSOCKET_XHR_PIPE_FILE=/run/" + strings.ReplaceAll(pick(), "\t", ""),
		fmt.Sprintf("WEBSOCKET_CONNECTION_TIMEOUT_SEC=%d", 1+r.IntN(200)),
		"WEBSOCKET_ALLOWED_ORIGINS=https://a.example, http://b.example:8080",
		"WEBSOCKET_LOG_PATH=logs/",
		"WEBSOCKET_ENABLE=1",
		"no line of the form",
	} {
		if r.IntN(2) == 0 {
			lines = append(lines, more)
		}
	}
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return strings.Join(lines, "\n")
}

func TestAnnotatedFileMeansWhatTheSettingsFileMeans(t *testing.T) {
	files, err := filepath.Glob("testdata/settings/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 15 {
		files = append(files, writeFile(t, "server_shared.conf", settingsLines(r)))
	}
	for _, path := range files {
		text, err := Annotate(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "s3cret") || strings.Contains(text, "pa=ss=word") {
			t.Fatalf("a secret got in:\n%s", text)
		}
		want, err := Load(Sources{Settings: path})
		if err != nil {
			t.Fatal(err)
		}
		got := reload(t, text)
		got.Notes, want.Notes = noteTexts(got.Notes), noteTexts(want.Notes)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v\nfrom\n%s", got, want, text)
		}
	}
}

// noteTexts leaves out the file that a note is about: the TOML file names the settings file by its whole path.
func noteTexts(notes []string) (texts []string) {
	for _, note := range notes {
		_, text, _ := strings.Cut(note, "server_shared.conf")
		texts = append(texts, text)
	}
	return texts
}

func TestAnnotateExplainsABadSettingsFile(t *testing.T) {
	_, err := Annotate(writeFile(t, "server_shared.conf", "WEBSOCKET_LISTENING_PORT=x\n"))
	if err == nil || !strings.Contains(err.Error(), `WEBSOCKET_LISTENING_PORT = "x"`) {
		t.Errorf("got %v", err)
	}
}
