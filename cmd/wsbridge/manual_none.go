//go:build !manual

package main

import "github.com/spf13/cobra"

// manualCommands returns nothing: see manual.go.
func manualCommands() []*cobra.Command { return nil }
