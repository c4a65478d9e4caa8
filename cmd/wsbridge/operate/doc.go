// Package operate has the commands for a running server: each asks its control API (docs/control.md) and writes the answer as a table
// for people or as JSON for scripts. main adds the commands to its own; a command blocks until the server has answered, or until it
// is interrupted.
//
// Package terminal writes everything that comes from a client or a handler, so that nothing in it acts on the terminal.
package operate
