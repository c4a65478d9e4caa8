//go:build manual

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manualCommands returns the command that writes the manual. Only a build with -tags manual has it, since what turns markdown into pages
// need not be shipped.
func manualCommands() []*cobra.Command { return []*cobra.Command{newManualCommand()} }

func newManualCommand() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:    "manual --config FILE FOLDER",
		Short:  "Write the manual's pages",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeManual(cmd.Root(), config, args[0])
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "annotated TOML `FILE` that the page of its format is made of")
	return cmd
}

// writeManual makes the folders man1, a page for each command, and man5, the configuration's.
func writeManual(root *cobra.Command, config, folder string) error {
	commands, formats := filepath.Join(folder, "man1"), filepath.Join(folder, "man5")
	for _, dir := range []string{commands, formats} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Section: "1", Source: "wsbridge", Manual: "wsbridge"}
	if err := doc.GenManTree(root, header, commands); err != nil {
		return fmt.Errorf("write pages of commands: %w", err)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(formats, "wsbridge.toml.5"), configurationPage(string(text)), 0o644)
}
