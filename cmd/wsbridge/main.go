// Command wsbridge holds the WebSockets and the named pipe of a legacy PHP push application and runs every event as a
// FastCGI request to php-fpm.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// Exit codes. A service manager may start the program again after exitFailure; after exitUsage that is of no use. A crash ends
// with 2 as well, but with SIGABRT where GOTRACEBACK is "crash".
const (
	exitOK      = 0
	exitFailure = 1 // the server could not start or did not end well
	exitUsage   = 2 // wrong use or bad configuration

	exitWarnings = 1 // check has found warnings
	exitErrors   = 2 // check has found errors
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal drains, the second has its default effect and kills
	os.Exit(program(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// program runs one command line and returns its exit code; an error is written to stderr.
func program(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if verdict, ok := errors.AsType[*verdictError](err); ok {
		return verdict.code()
	}
	if err != nil {
		fmt.Fprintln(stderr, "wsbridge:", terminal.PrintableLines(err.Error())) // PHP's own words may be in it
	}
	return exitCode(err)
}

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if _, ok := errors.AsType[*runError](err); ok {
		return exitFailure
	}
	return exitUsage
}
