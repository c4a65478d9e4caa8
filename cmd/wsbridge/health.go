package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

func newHealthCommand() *cobra.Command {
	var from config.Sources
	cmd := &cobra.Command{
		Use:   "health (--settings FILE | --config FILE)",
		Short: "Ask the running server whether it is ready",
		Long: `Asks /readyz of the server that runs with the same configuration, at its control.listen:
whether php-fpm answers and no shutdown has begun. For a container's health check.

Exit codes: 0 ready, 1 not ready or not there, 2 wrong use or bad configuration.`,
		Example: `  wsbridge health --config /etc/wsbridge/wsbridge.toml`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := requireSources(cmd, from); err != nil {
				return err
			}
			cfg, err := config.Load(from)
			if err != nil {
				return err
			}
			if cfg.Control.Listen == "" {
				return errors.New("control.listen is empty: health asks there")
			}
			if err := askReady(cmd.Context(), cfg.Control.Listen, cmd.OutOrStdout()); err != nil {
				return &runError{err}
			}
			return nil
		},
	}
	addSourceFlags(cmd, &from)
	return cmd
}

// askReady writes what /readyz of the server that listens there for control has to say; unless it is ready, that is the error.
func askReady(ctx context.Context, listen string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://control/readyz", nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialControl(listen)}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", listen, err)
	}
	defer response.Body.Close()
	const enough = 4 << 10
	answer, err := io.ReadAll(io.LimitReader(response.Body, enough))
	if err != nil {
		return fmt.Errorf("ask %s: %w", listen, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(answer)))
	}
	_, err = out.Write(answer)
	return err
}

// dialControl connects to "unix:/path" or host:port, whatever the request's host is.
func dialControl(listen string) func(ctx context.Context, _, _ string) (net.Conn, error) {
	network, address := "tcp", listen
	if path, isUnix := strings.CutPrefix(listen, "unix:"); isUnix {
		network, address = "unix", path
	}
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
}
