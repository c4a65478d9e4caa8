// Package operate is the commands for a server that runs: each asks its control API, docs/control.md, and writes the answer as
// a table for people or as JSON for scripts.
//
// Whatever a client or a handler has put into an answer is shown by package terminal, so that nothing of it acts on the terminal.
package operate
