package config

import (
	"encoding"
	"fmt"
	"testing"
	"time"
)

func TestConfigTypesReadText(t *testing.T) {
	for _, tt := range []struct {
		text   string
		target encoding.TextUnmarshaler
		want   string // as String writes it; empty if refused
	}{
		{"1m30s", new(Duration), "1m30s"},
		{"50ms", new(Duration), "50ms"},
		{"10", new(Duration), ""},
		{"", new(Duration), ""},
		{"0", new(ByteSize), "0"},
		{"65536", new(ByteSize), "64KiB"},
		{"16 MiB", new(ByteSize), "16MiB"},
		{"1025", new(ByteSize), "1025"},
		{"8589934591GiB", new(ByteSize), "8589934591GiB"},
		{"8589934592GiB", new(ByteSize), ""},
		{"-1", new(ByteSize), ""},
		{"1.5MiB", new(ByteSize), ""},
		{"16MB", new(ByteSize), ""},
		{"MiB", new(ByteSize), ""},
		{"0660", new(FileMode), "0660"},
		{"0777", new(FileMode), "0777"},
		{"660", new(FileMode), ""},
		{"02660", new(FileMode), ""},
		{"0o66", new(FileMode), ""},
		{"0888", new(FileMode), ""},
	} {
		t.Run(fmt.Sprintf("%T %s", tt.target, tt.text), func(t *testing.T) {
			err := tt.target.UnmarshalText([]byte(tt.text))
			if (err == nil) != (tt.want != "") {
				t.Fatalf("got error %v", err)
			}
			if err == nil && fmt.Sprint(tt.target) != tt.want {
				t.Errorf("got %v, want %s", tt.target, tt.want)
			}
		})
	}
}

func TestShowCutsLongValues(t *testing.T) {
	if got := len(show(string(make([]byte, 1000)))); got > 400 {
		t.Errorf("got %d bytes", got)
	}
	if got := show(Duration(time.Second)); got != `"1s"` {
		t.Errorf("got %s", got)
	}
	if got := show(IniTable{"pdo.password": "secret"}); got != "{…}" {
		t.Errorf("got %s", got)
	}
}
