package main

import (
	"cmp"
	"io"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/serve"
)

func newServeCommand() *cobra.Command {
	var from config.Sources
	cmd := &cobra.Command{
		Use:   "serve (--settings FILE | --config FILE) [--fastcgi ADDRESS]",
		Short: "Run the server",
		Long: `Runs the server until SIGTERM or SIGINT, then drains; a second signal ends it at once.

--settings starts from the legacy settings file alone; WEBSOCKET_* keys mean what they
meant. --config reads everything from a TOML file, which may name a legacy settings file
too. Where several say something: flags, then the TOML file, then the legacy settings
file, then the defaults.

SIGHUP reads server.tls_cert and server.tls_key anew.

SIGHUP reads the files again, and puts into force what can be while clients stay connected; the
log tells what cannot. A mistake in them changes nothing.

Without --fastcgi and php.fastcgi, wsbridge starts and supervises a php-fpm of its own.`,
		Example: `  wsbridge serve --settings /etc/push/server_shared.conf
  wsbridge serve --config /etc/wsbridge/wsbridge.toml --fastcgi unix:/run/php/php-fpm.sock`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := requireSources(cmd, from); err != nil {
				return err
			}
			cfg, err := config.Load(from)
			if err != nil {
				return err
			}
			if err := serve.CheckCertificate(&cfg.Server); err != nil {
				return err
			}
			if err := serve.Run(cmd.Context(), cfg, serveOptions(from, cmd.ErrOrStderr())); err != nil {
				return &runError{err}
			}
			return nil
		},
	}
	addSourceFlags(cmd, &from)
	return cmd
}

func serveOptions(from config.Sources, log io.Writer) serve.Options {
	return serve.Options{Version: ownVersion(), Log: log, ConfigFile: config.Absolute(".", cmp.Or(from.Config, from.Settings)),
		Load: func() (config.Config, error) { return config.Load(from) }}
}
