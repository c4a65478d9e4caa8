package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionNamesTheCommit(t *testing.T) {
	info := &debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123"},
			{Key: "vcs.modified", Value: "true"},
		},
	}
	if got, want := versionLine(info), "wsbridge v1.2.3 0123456789ab (changed), contract 1, go"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q…", got, want)
	}
	if got := versionLine(nil); !strings.HasPrefix(got, "wsbridge unknown, contract 1, go") {
		t.Errorf("without build information: got %q", got)
	}
}
