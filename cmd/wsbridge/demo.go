package main

import (
	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
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
