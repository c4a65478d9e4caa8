//go:build !manual

package main

import "github.com/spf13/cobra"

// manualCommands are those that make the manual, for whoever builds packages.
func manualCommands() []*cobra.Command { return nil }
