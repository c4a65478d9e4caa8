package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/check"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/serve"
)

func newCheckCommand() *cobra.Command {
	var from config.Sources
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check (--settings FILE | --config FILE) [--fastcgi ADDRESS] [--json]",
		Short: "Report what moving an application would mean",
		Long: `Reads the configuration as serve does, lets php-fpm load the application's code, and reports
what it found: the handlers and how they would run, the global variables and whether they
live, and what would behave differently than under the original server. It calls no handler,
makes no pipe and does not listen, so it may run beside either server. The code at the events
file's file scope runs, as it does whenever that file is included.

Exit codes: 0 nothing to worry about, 1 warnings, 2 it would not work, or wrong use.`,
		Example: `  wsbridge check --settings /etc/push/server_shared.conf
  wsbridge check --config /etc/wsbridge/wsbridge.toml --json`,
		Args: operate.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := requireSources(cmd, from); err != nil {
				return err
			}
			report, err := check.Run(cmd.Context(), from, serve.Inspect)
			if err != nil {
				return err
			}
			return publish(cmd.OutOrStdout(), report, asJSON)
		},
	}
	addSourceFlags(cmd, &from)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON document")
	return cmd
}

// publish writes the report and returns its verdict as an error, unless it is clean.
func publish(out io.Writer, r *check.Report, asJSON bool) error {
	write := r.WriteText
	if asJSON {
		write = r.WriteJSON
	}
	if err := write(out); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if r.Verdict == check.Clean {
		return nil
	}
	return verdictError(r.Verdict)
}
