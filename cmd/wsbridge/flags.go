package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// addSourceFlags adds the flags that say where the configuration comes from.
func addSourceFlags(cmd *cobra.Command, from *config.Sources) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&from.Settings, "settings", "", "legacy settings `FILE` (KEY=VALUE lines)")
	flags.StringVar(&from.Config, "config", "", "TOML configuration `FILE`")
	flags.StringVar(&from.FastCGI, "fastcgi", "", "`ADDRESS` of an existing php-fpm: unix:/path or tcp:host:port")
}

// requireSources refuses flags that name no configuration, and an empty flag: it is most often an unset variable in a script, and the
// server would not be the one that was meant.
func requireSources(cmd *cobra.Command, from config.Sources) error {
	for _, name := range [...]string{"settings", "config", "fastcgi"} {
		if f := cmd.Flag(name); f.Changed && f.Value.String() == "" {
			return fmt.Errorf("--%s is empty", name)
		}
	}
	if from.Settings == "" && from.Config == "" {
		return fmt.Errorf("%s needs --settings FILE or --config FILE (see %s --help)", cmd.Name(), cmd.CommandPath())
	}
	return nil
}
