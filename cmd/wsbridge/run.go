package main

import (
	"context"
	"errors"
	"io"
)

var errNotWired = errors.New("not wired")

// run serves as cfg says until ctx ends, then drains. Log lines go to out.
func run(_ context.Context, cfg Config, out io.Writer) error {
	log := newLogger(out, cfg.Log)
	for _, note := range cfg.Notes {
		log.Warn(note)
	}
	return errNotWired
}

// runDemo serves the demo application and its page until ctx ends. Log lines go to out.
func runDemo(_ context.Context, cfg Config, out io.Writer) error {
	newLogger(out, cfg.Log).Info("demo", "listen", cfg.Server.Listen)
	return errNotWired
}
