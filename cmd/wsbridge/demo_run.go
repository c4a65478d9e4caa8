package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	phphandlers "github.com/wsbridge/wsbridge/php-handlers"
)

// demoSettings are the demo's legacy settings: it is served as any application of the original server is.
const demoSettings = `WEBSOCKET_ENABLE=1
WEBSOCKET_SERVER_HEADER=wsbridge demo
WEBSOCKET_XHR_PIPE_FILE=%[1]s/pipe
WEBSOCKET_EVENTS_INCLUDE_FILE=%[1]s/%[2]s
`

// runDemo serves the demo application and its page until ctx ends. Log lines go to out.
func runDemo(ctx context.Context, cfg config.Config, out io.Writer) (err error) {
	log := newLogs(out, cfg.Log)
	defer log.close()
	dir, err := makeRunDir("", runDirMode(&cfg.PHP))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := phphandlers.Unpack(dir); err != nil {
		return err
	}
	settings := filepath.Join(dir, "server_shared.conf")
	const readable = 0o644
	if err := os.WriteFile(settings, fmt.Appendf(nil, demoSettings, dir, phphandlers.DemoEvents), readable); err != nil {
		return fmt.Errorf("write demo settings: %w", err)
	}
	cfg.PHP.EventsFile = filepath.Join(dir, phphandlers.DemoEvents)
	cfg.PHP.SettingsFile = settings
	cfg.Pipe.Path = filepath.Join(dir, "pipe")
	cfg.Server.RequireCookie, cfg.Server.RequireUserAgent = true, true
	fmt.Fprintf(out, "Open http://%s/ in two windows. The pipe, for a shell:\n\n  echo '{\"to\":\"*\",\"text\":\"hi\"}' > %s\n\n",
		cfg.Server.Listen, cfg.Pipe.Path)
	return serve(ctx, cfg, &surroundings{log: log, page: http.HandlerFunc(demoPage)})
}

func demoPage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(phphandlers.DemoIndex())
}
