package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/serve"
	"github.com/wsbridge/wsbridge/deploy"
	phphandlers "github.com/wsbridge/wsbridge/php-handlers"
)

func newDemoCommand() *cobra.Command {
	cfg := config.Default()
	cfg.Server.Listen = "127.0.0.1:8080"
	cfg.Control.Listen = config.Addresses{"127.0.0.1:0"} // "auto" would take the socket of a real server
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a small chat to try wsbridge",
		Long: `Runs a multi-room chat, written as a legacy-style push_server_events.php, with a php-fpm
of its own, a page to open in a browser, and the dashboard at a random port. Nothing is
left behind when it ends.`,
		Example: `  wsbridge demo --listen 127.0.0.1:8080 --workers 4`,
		Args:    operate.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.Check(&cfg, map[string]string{"server.listen": "--listen", "php.workers": "--workers", "control.listen": "--control"}); err != nil {
				return err
			}
			return markRunError(runDemo(cmd.Context(), cfg, cmd.ErrOrStderr()))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&cfg.Server.Listen, "listen", cfg.Server.Listen, "`ADDRESS` to listen on, host:port")
	flags.IntVar(&cfg.PHP.Workers, "workers", cfg.PHP.Workers, "`NUMBER` of php-fpm workers")
	flags.StringSliceVar((*[]string)(&cfg.Control.Listen), "control", cfg.Control.Listen,
		"`ADDRESS` of the dashboard and the control API, host:port, unix:/path or auto; empty: none")
	return cmd
}

// demoSettings are the demo's legacy settings: it is served like any application of the original server.
const demoSettings = `WEBSOCKET_ENABLE=1
WEBSOCKET_SERVER_HEADER=wsbridge demo
WEBSOCKET_XHR_PIPE_FILE=%[1]s/pipe
WEBSOCKET_EVENTS_INCLUDE_FILE=%[1]s/%[2]s
`

// runDemo serves the demo application and its page until ctx ends. Log lines go to out.
func runDemo(ctx context.Context, cfg config.Config, out io.Writer) (err error) {
	dir, remove, err := serve.MakeRunDir(&cfg.PHP)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
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
	token := rand.Text()
	cfg.Control.TokenFile = filepath.Join(dir, "token")
	const ownerOnly = 0o600
	if err := os.WriteFile(cfg.Control.TokenFile, []byte(token), ownerOnly); err != nil {
		return fmt.Errorf("write demo token: %w", err)
	}
	return serve.Run(ctx, cfg, serve.Options{Version: ownVersion(), Log: out, Page: demoPage(),
		Listening: func(clients string, control []string) {
			fmt.Fprint(out, demoWelcome(clients, control, token, cfg.Pipe.Path))
		}})
}

// demoWelcome says where to look. A browser sends the part of an address after # to no server and no proxy.
func demoWelcome(clients string, control []string, token, pipe string) string {
	text := fmt.Sprintf("\nOpen http://%s/ in two windows.\n", clients)
	for _, address := range control {
		if !strings.HasPrefix(address, "unix:") {
			text += fmt.Sprintf("See what the server does at http://%s/#token=%s\n", address, token)
		}
	}
	return text + fmt.Sprintf("The pipe, for a shell:\n\n  echo '{\"to\":\"*\",\"text\":\"hi\"}' > %s\n\n", pipe)
}

// demoPage serves the chat's page. It shows other people's messages, so it may load and run only its own files.
func demoPage() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(phphandlers.DemoPage()))
	mux.HandleFunc("/wsbridge.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(deploy.Client()))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		w.Header().Set("Cache-Control", "no-cache")
		mux.ServeHTTP(w, r)
	})
}
