package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/serve"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func newConfigCommand() *cobra.Command {
	var from config.Sources
	var all, changed, asJSON bool
	cmd := &cobra.Command{
		Use:   "config (--settings FILE | --config FILE) [--fastcgi ADDRESS] [--print] [--changed] [--json]",
		Short: "Check the configuration, and print where each value comes from",
		Long: `Reads the configuration, the certificate and the token as serve does, and looks whether php-fpm,
its user and the events file are there, or the socket of an existing php-fpm. It runs no PHP and asks
no server and no php-fpm: what the application's code would do is for wsbridge check. Without --print
it only says what is wrong, which is useful before a start or a reload.

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
			if asJSON || all || changed {
				if err := writeEntries(cmd.OutOrStdout(), entries, asJSON); err != nil {
					return err
				}
			}
			return errors.Join(slices.DeleteFunc(serve.Check(&cfg), func(err error) bool {
				return errors.Is(err, fs.ErrPermission) // which the server may have
			})...)
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
