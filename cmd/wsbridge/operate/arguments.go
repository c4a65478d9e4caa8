package operate

import (
	"fmt"

	"github.com/spf13/cobra"
)

// arguments wants from least to most of them.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > most:
			return fmt.Errorf("unexpected argument %q (see %s --help)", args[most], cmd.CommandPath())
		case len(args) < least:
			return fmt.Errorf("want wsbridge %s (see %s --help)", cmd.Use, cmd.CommandPath())
		}
		return nil
	}
}
