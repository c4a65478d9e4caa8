package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func newServeCommand() *cobra.Command {
	var from sources
	cmd := &cobra.Command{
		Use:   "serve (--settings FILE | --config FILE) [--fastcgi ADDRESS]",
		Short: "Run the server",
		Long: `Runs the server until SIGTERM or SIGINT, then drains; a second signal ends it at once.

--settings starts from the legacy settings file alone; WEBSOCKET_* keys mean what they
meant. --config reads everything from a TOML file, which may name a legacy settings file
too. Where several say something: flags, then the TOML file, then the legacy settings
file, then the defaults.

Without --fastcgi and php.fastcgi, wsbridge starts and supervises a php-fpm of its own.`,
		Example: `  wsbridge serve --settings /etc/push/server_shared.conf
  wsbridge serve --config /etc/wsbridge/wsbridge.toml --fastcgi unix:/run/php/php-fpm.sock`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := serveConfig(cmd, from)
			if err != nil {
				return err
			}
			if err := run(cmd.Context(), cfg, cmd.ErrOrStderr()); err != nil {
				return &runError{err}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&from.settings, "settings", "", "legacy settings `FILE` (KEY=VALUE lines)")
	flags.StringVar(&from.config, "config", "", "TOML configuration `FILE`")
	flags.StringVar(&from.fastcgi, "fastcgi", "", "`ADDRESS` of an existing php-fpm: unix:/path or tcp:host:port")
	return cmd
}

// serveConfig loads the configuration that the flags name. A flag set to nothing is refused: it is most often an unset
// variable in a script, and ignoring it would start another server than was meant.
func serveConfig(cmd *cobra.Command, from sources) (Config, error) {
	for _, name := range [...]string{"settings", "config", "fastcgi"} {
		if f := cmd.Flag(name); f.Changed && f.Value.String() == "" {
			return Config{}, fmt.Errorf("--%s is empty", name)
		}
	}
	if from.settings == "" && from.config == "" {
		return Config{}, errors.New("serve needs --settings FILE or --config FILE (see wsbridge serve --help)")
	}
	return loadConfig(from)
}
