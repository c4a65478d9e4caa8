package config

import (
	"slices"
	"testing"
)

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
