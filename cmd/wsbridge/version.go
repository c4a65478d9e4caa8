package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/protocol"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, _ := debug.ReadBuildInfo()
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine(info))
			return err
		},
	}
}

// versionLine names the module's version, the commit where the build recorded one, and what it was built with. info is
// nil in a binary built without module support.
func versionLine(info *debug.BuildInfo) string {
	version, commit, changed := "unknown", "", ""
	if info != nil {
		version = info.Main.Version
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = " " + s.Value[:min(len(s.Value), 12)]
			case "vcs.modified":
				if s.Value == "true" {
					changed = " (changed)"
				}
			}
		}
	}
	return fmt.Sprintf("wsbridge %s%s%s, contract %d, %s %s/%s",
		version, commit, changed, protocol.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
