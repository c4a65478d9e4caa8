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

// exitError is an error with an exit code. Every other error of a command is wrong use or bad configuration.
type exitError struct {
	error
	code int
	told bool // by a report
}

func (e *exitError) Unwrap() error { return e.error }

// markRunError returns err as an error of the running server; nil stays nil.
func markRunError(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{error: err, code: exitFailure}
}

// verdictError returns the error of a report that has found something.
func verdictError(v check.Verdict) error {
	code := exitErrors
	if v == check.Warnings { // a script that moves an application stops, a person may go on
		code = exitWarnings
	}
	return &exitError{errors.New("the report found " + string(v)), code, true}
}

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	return exitUsage
}
