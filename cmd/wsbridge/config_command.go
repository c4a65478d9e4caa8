package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func newConfigCommand() *cobra.Command {
	var from config.Sources
	var all, changed, asJSON bool
	cmd := &cobra.Command{
		Use:   "config (--settings FILE | --config FILE) [--fastcgi ADDRESS] [--print] [--changed] [--json]",
		Short: "Check the configuration, and print where each value comes from",
		Long: `Reads the configuration as serve does, without asking a running server or php-fpm. Without
--print it only says what is wrong, which is useful before a reload.

--print writes the values that a server started now would have, as a wsbridge.toml: each with
the file and line, the flag or "default" that it comes from, and in parentheses "new clients"
or "restart" if a reload (SIGHUP) does not change it for everybody at once. php.ini directives
that may hold a password are left out.`,
		Example: `  wsbridge config --settings /etc/push/server_shared.conf --print
  wsbridge config --config /etc/wsbridge/wsbridge.toml --print --changed`,
		Args: operate.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := requireSources(cmd, from); err != nil {
				return err
			}
			cfg, entries, err := config.List(from)
			if err != nil {
				return err
			}
			for _, note := range cfg.Notes {
				fmt.Fprintln(cmd.ErrOrStderr(), "wsbridge:", note)
			}
			if changed {
				entries = slices.DeleteFunc(entries, func(e config.Entry) bool { return e.Usual })
			}
			if !asJSON && !all && !changed {
				return nil
			}
			return writeEntries(cmd.OutOrStdout(), entries, asJSON)
		},
	}
	addSourceFlags(cmd, &from)
	flags := cmd.Flags()
	flags.BoolVar(&all, "print", false, "print every value and where it comes from")
	flags.BoolVar(&changed, "changed", false, "print only what differs from the defaults")
	flags.BoolVar(&asJSON, "json", false, "print as one JSON list")
	return cmd
}

func writeEntries(out io.Writer, entries []config.Entry, asJSON bool) error {
	if asJSON {
		return terminal.WriteJSON(out, entries, "  ")
	}
	_, err := io.WriteString(out, config.FormatTOML(entries))
	return err
}
