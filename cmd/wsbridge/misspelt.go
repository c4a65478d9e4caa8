package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
)

// unknownCommand returns an error that suggests the commands below parent with similar names, or that begin like it.
func unknownCommand(parent *cobra.Command, name string) error {
	below := strings.TrimPrefix(parent.CommandPath(), parent.Root().Name()) // with a space before it, or empty
	whole := strings.TrimSpace(below + " " + name)
	if meant := config.Meant(name, operate.Below(parent)); len(meant) > 0 {
		return fmt.Errorf("unknown command %q%s (wsbridge help lists all)", whole, config.DidYouMean(meant))
	}
	return fmt.Errorf("unknown command %q (wsbridge help lists them)", whole)
}

// flagError suggests flags with similar names. If words come before the flag that name no command, they are what is wrong: the flag is
// that of a command whose name is misspelt.
func flagError(cmd *cobra.Command, err error) error {
	if words := cmd.Flags().Args(); len(words) > 0 && cmd.HasAvailableSubCommands() {
		return refuseWords(cmd, words)
	}
	meant := ""
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && unknown.GetSpecifiedShortnames() == "" {
		var flags []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				flags = append(flags, f.Name)
			}
		})
		similar := config.Similar(unknown.GetSpecifiedName(), flags)
		for i := range similar {
			similar[i] = "--" + similar[i]
		}
		meant = config.DidYouMean(similar)
	}
	return fmt.Errorf("%w%s (see %s --help)", err, meant, cmd.CommandPath())
}

// refuseHelpOfUnknown lets --help explain only commands that there are. cobra explains the nearest command above, and no help function can
// return an error, so it goes to wrong.
func refuseHelpOfUnknown(root *cobra.Command, wrong *error) {
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if words := cmd.Flags().Args(); len(words) > 0 && cmd.HasAvailableSubCommands() {
			*wrong = refuseWords(cmd, words)
			return
		}
		help(cmd, args)
	})
}

// refuseWords returns what is wrong with words that stand where the name of a command below cmd should.
func refuseWords(cmd *cobra.Command, words []string) error {
	if cmd.Runnable() {
		return cmd.ValidateArgs(words)
	}
	return unknownCommand(cmd, words[0])
}
