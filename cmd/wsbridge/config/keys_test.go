package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/deploy"
)

func TestAnnotatedFileDefinesEveryKey(t *testing.T) {
	a := readAnnotated()
	for _, problem := range a.document.unknown {
		t.Error(problem)
	}
	classes := a.reloads()
	for _, f := range list(new(Config)) {
		if _, ok := classes[f.key]; !ok {
			t.Errorf("deploy/wsbridge.toml has no key %s: add it, with what it means, its default, and the reason", f.key)
		}
	}
}

func TestAnnotatedFileHasALineForEachKey(t *testing.T) {
	a := readAnnotated()
	for _, v := range a.document.values {
		name, mark := a.split(v)
		if !strings.HasSuffix(v.key, "."+name) {
			t.Errorf("%s is not set by a line of its own: %s", v.key, a.lines[v.line-1])
		}
		if !slices.Contains([]string{"", string(NewClients), string(Restart)}, mark) {
			t.Errorf("%s is marked (%s)", v.key, mark)
		}
	}
}

func TestAnnotatedFileExplainsEveryKey(t *testing.T) {
	for paragraph := range strings.SplitSeq(deploy.Config(), "\n\n") {
		for line := range strings.Lines(paragraph) {
			if !strings.HasPrefix(line, "[") && !strings.HasPrefix(line, "#") && !strings.Contains("\n"+paragraph, "\n#") {
				t.Errorf("no comment above %q", line)
			}
		}
	}
}

func TestAnnotatedFileLacksOnlyTheEventsFile(t *testing.T) {
	cfg := reload(t, strings.Replace(deploy.Config(), `events_file = ""`, `events_file = "/e.php"`, 1))
	want := Default()
	want.PHP.EventsFile = "/e.php"
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}
