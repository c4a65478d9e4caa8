package config

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryKeyHasADecisionAboutReloads(t *testing.T) {
	cfg := Default()
	known := fields(&cfg)
	for _, f := range list(&cfg) {
		if _, ok := effects()[f.key]; !ok {
			t.Errorf("what does a reload do to %s? Add it to the table in effect.go: AtOnce if Reconfigure or the reloader of "+
				"cmd/wsbridge puts it into force for everybody, NewClients, or Restart, with the reason", f.key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(effects())) {
		if known[key] == nil {
			t.Errorf("effect.go decides about %s, which is no key", key)
		}
	}
}

func TestShippedConfigMarksWhatAReloadLeaves(t *testing.T) {
	text, err := os.ReadFile(shippedConfig)
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`^([a-z_]+) = .*?(?:  # \((.*)\))?$`)
	section := ""
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
		}
		found := key.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		mark := strings.ReplaceAll("  # ("+string(effectOf(section+"."+found[1]))+")", "  # (at once)", "")
		if want := strings.TrimSuffix(line, "  # ("+found[2]+")") + mark; line != want {
			t.Errorf("deploy/wsbridge.toml has %q, want %q", line, want)
		}
	}
}

func TestMergeKeepsWhatNeedsARestart(t *testing.T) {
	running, fresh := Default(), Default()
	fresh.Server.Listen = "127.0.0.1:1"
	fresh.Server.EmptyText = true
	fresh.Server.Compression = true
	fresh.PHP.Ini = IniTable{"opcache.jit": "off"}
	merged, change := Merge(running, fresh)
	if want := []string{"server.empty_text", "server.compression", "php.ini"}; !slices.Equal(slices.Sorted(slices.Values(change.Applied)),
		slices.Sorted(slices.Values(want))) {
		t.Errorf("applied %q, want %q", change.Applied, want)
	}
	if want := []string{"server.compression"}; !slices.Equal(change.NewClients, want) {
		t.Errorf("new clients %q, want %q", change.NewClients, want)
	}
	if want := []string{"server.listen"}; !slices.Equal(change.Restart, want) {
		t.Errorf("restart %q, want %q", change.Restart, want)
	}
	if want := len(fields(&fresh)) - 4; change.Unchanged != want {
		t.Errorf("unchanged %d, want %d", change.Unchanged, want)
	}
	if merged.Server.Listen != running.Server.Listen || !merged.Server.EmptyText || merged.PHP.Ini["opcache.jit"] != "off" {
		t.Errorf("got %+v", merged)
	}
	if _, again := Merge(merged, fresh); len(again.Applied) != 0 || !slices.Equal(again.Restart, change.Restart) {
		t.Errorf("the second time: %+v", again)
	}
}
