package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/check"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/serve"
)

func newCheckCommand() *cobra.Command {
	var from config.Sources
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check (--settings FILE | --config FILE) [--fastcgi ADDRESS] [--json]",
		Short: "Report what moving an application would mean",
		Long: `Reads the configuration as serve does, lets php-fpm load the application's code, and reports
what it found: handlers and how they would run, global variables and whether they live, and
what would behave in another way than under the original server. It calls no handler, makes
no pipe and does not listen, so it may run beside either server; what stands at the events
file's file scope runs, as it does whenever that file is included.

Exit codes: 0 nothing to worry about, 1 warnings, 2 it would not work, or wrong use.`,
		Example: `  wsbridge check --settings /etc/push/server_shared.conf
  wsbridge check --config /etc/wsbridge/wsbridge.toml --json`,
		Args: noArguments,
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

// verdictError ends a command whose report has said everything, so that nothing more is printed.
type verdictError struct{ check.Verdict }

func (e *verdictError) Error() string { return "the report found " + string(e.Verdict) }

// code is the exit code: a script that moves an application goes on after 0 only, a person perhaps after 1.
func (e *verdictError) code() int {
	if e.Verdict == check.Warnings {
		return exitWarnings
	}
	return exitErrors
}

// publish writes the report and turns its verdict into the command's end.
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
	return &verdictError{r.Verdict}
}
