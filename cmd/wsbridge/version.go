package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
	"github.com/wsbridge/wsbridge/protocol"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  operate.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), versionOutput())
			return err
		},
	}
}

// addVersionFlag makes --version do what the command does.
func addVersionFlag(root *cobra.Command) {
	root.Flags().Bool("version", false, "print the version")
	root.Version = "known" // with an empty one, cobra ignores the flag
	root.SetVersionTemplate(versionOutput())
}

func versionOutput() string {
	info, _ := debug.ReadBuildInfo()
	return versionLine(info) + "\n"
}

// versionLine returns the build, and what it was built with and for. info is nil in a binary built without module support.
func versionLine(info *debug.BuildInfo) string {
	return fmt.Sprintf("wsbridge %s, contract %d, %s %s/%s",
		version(info), protocol.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// built is the version and the commit, which deploy/version prints and the linker sets (-X main.built). Go records a commit only
// itself, and not in a worktree, in an image without git, or with -buildvcs=false.
var built string

// ownVersion returns this program's version.
func ownVersion() string {
	info, _ := debug.ReadBuildInfo()
	return version(info)
}

// version returns what the linker was told, else the module's version, and the commit if the build recorded one.
func version(info *debug.BuildInfo) string {
	if built != "" {
		return built
	}
	if info == nil {
		return "unknown"
	}
	commit, changed := "", ""
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
	return info.Main.Version + commit + changed
}
