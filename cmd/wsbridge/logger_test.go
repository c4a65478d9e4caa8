package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

func TestLoggerWritesJSONUnlessToATerminal(t *testing.T) {
	var out bytes.Buffer
	log, _ := newLogger(&out, config.Log{Level: "info", Format: "auto"})
	log.Info("ready", "listen", "127.0.0.1:1")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["listen"] != "127.0.0.1:1" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestLoggerFormatIsObeyed(t *testing.T) {
	var out bytes.Buffer
	log, _ := newLogger(&out, config.Log{Level: "info", Format: "text"})
	log.Info("ready")
	if !strings.HasSuffix(out.String(), "level=INFO msg=ready\n") {
		t.Errorf("got %q", out.String())
	}
}

func TestLoggerDropsWhatIsBelowItsLevel(t *testing.T) {
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1} {
		var out bytes.Buffer
		log, _ := newLogger(&out, config.Log{Level: level, Format: "json"})
		log.Debug("d")
		log.Info("i")
		log.Warn("w")
		log.Error("e")
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("%s: got %d lines, want %d", level, got, want)
		}
	}
}

func TestAPipeIsNoTerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if isTerminal(w) {
		t.Error("a pipe passes for a terminal")
	}
}
