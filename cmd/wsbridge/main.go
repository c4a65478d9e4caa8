// Command wsbridge holds the WebSockets and the named pipe of a legacy PHP push application and runs every event as a
// FastCGI request to php-fpm.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal drains, the second has its default effect and kills
	os.Exit(program(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// program runs one command line and returns its exit code. It writes an error to stderr, unless a report has told it already.
func program(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	var wrong error
	refuseHelpOfUnknown(root, &wrong)
	err := cmp.Or(root.ExecuteContext(ctx), wrong)
	if e, ok := errors.AsType[*exitError](err); err != nil && (!ok || !e.told) {
		fmt.Fprintln(stderr, "wsbridge:", terminal.PrintableLines(err.Error())) // it may quote PHP
	}
	return exitCode(err)
}
