package main

import (
	"errors"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/check"
)

// Exit codes. A service manager may start the program again after exitFailure; after exitUsage that is useless. A crash ends
// with 2 as well, or with SIGABRT if GOTRACEBACK is "crash".
const (
	exitOK      = 0
	exitFailure = 1 // the server could not start or did not end well
	exitUsage   = 2 // wrong use or bad configuration

	exitWarnings = 1 // check has found warnings
	exitErrors   = 2 // check has found errors
)

// runError marks an error of the running server. Every other error of a command is wrong use or bad configuration.
type runError struct{ err error }

func (e *runError) Error() string { return e.err.Error() }
func (e *runError) Unwrap() error { return e.err }

// markRunError returns err as an error of the running server; nil stays nil.
func markRunError(err error) error {
	if err == nil {
		return nil
	}
	return &runError{err}
}

// verdictError is the error of a check that has found something and has reported it.
type verdictError struct{ check.Verdict }

func (e *verdictError) Error() string { return "the report found " + string(e.Verdict) }

func exitCode(err error) int {
	verdict, isVerdict := errors.AsType[*verdictError](err)
	_, isRun := errors.AsType[*runError](err)
	switch {
	case err == nil:
		return exitOK
	case isVerdict && verdict.Verdict == check.Warnings: // a script that moves an application stops, a person may go on
		return exitWarnings
	case isVerdict:
		return exitErrors
	case isRun:
		return exitFailure
	}
	return exitUsage
}
