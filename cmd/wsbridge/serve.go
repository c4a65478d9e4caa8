package main

import (
	"cmp"
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/handover"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/serve"
)

func newServeCommand() *cobra.Command {
	var from config.Sources
	cmd := &cobra.Command{
		Use:   "serve (--settings FILE | --config FILE) [--fastcgi ADDRESS]",
		Short: "Run the server",
		Long: `Runs the server until SIGTERM or SIGINT, then drains; a second signal ends it at once.

--settings needs nothing but the legacy settings file; its WEBSOCKET_* keys mean what they
always meant. --config reads a TOML file, which may name a legacy settings file too. A value
comes from the first of these that has it: flags, the TOML file, the legacy settings file,
the defaults.

SIGHUP reads the files again, the certificate among them, and applies what can be changed
while clients stay connected; the log names the keys that need a restart. If anything is
wrong in the files, nothing changes.

SIGUSR2 has the program that is by now where this one was started take over, as wsbridge upgrade
does: clients stay connected and notice nothing.

Without --fastcgi and php.fastcgi, wsbridge starts and supervises a php-fpm of its own.`,
		Example: `  wsbridge serve --settings /etc/push/server_shared.conf
  wsbridge serve --config /etc/wsbridge/wsbridge.toml --fastcgi unix:/run/php/php-fpm.sock`,
		Args: operate.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := requireSources(cmd, from); err != nil {
				return err
			}
			before, err := handover.Inherited()
			if err != nil {
				return err
			}
			if before != nil {
				defer before.Close()
			}
			cfg, err := serve.Load(from)
			if err != nil {
				refuse(before, err)
				return err
			}
			o := serveOptions(from, cmd.ErrOrStderr())
			o.Arguments, o.Predecessor = os.Args[1:], before
			return markRunError(serve.Run(cmd.Context(), cfg, o))
		},
	}
	addSourceFlags(cmd, &from)
	return cmd
}

// refuse tells the process that has started this one to take over from it why it cannot; before may be nil.
func refuse(before *handover.Channel, why error) {
	if before != nil {
		_ = before.Refuse(context.Background(), why.Error()) // it fails if that one has given up before
	}
}

func serveOptions(from config.Sources, log io.Writer) serve.Options {
	return serve.Options{Version: ownVersion(), Log: log, ConfigFile: config.Absolute(".", cmp.Or(from.Config, from.Settings)),
		Load: func() (config.Config, error) { return serve.Load(from) }}
}
