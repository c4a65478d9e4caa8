package protocol

import (
	"errors"
	"fmt"
)

// The ways in which an exchange with php-fpm fails. Only the first three make certain that no handler ran.
var (
	ErrUnavailable = errors.New("php-fpm is not reachable")
	ErrOverloaded  = errors.New("php-fpm is overloaded")
	ErrRefused     = errors.New("php-fpm refuses the entry script") // comes with ErrUnavailable; waiting does not help
	ErrTimeout     = errors.New("php-fpm did not answer in time")
	ErrCutOff      = errors.New("php-fpm's answer was cut off")
	ErrMalformed   = errors.New("php-fpm's answer is malformed")
)

// FailureKind says why an event failed.
type FailureKind string

const (
	FailedFatal      FailureKind = "fatal"      // a PHP fatal error, PHP's own limits of memory and time among them
	FailedTimeout    FailureKind = "timeout"    // the time limit of events; PHP could say where the handler was
	FailedException  FailureKind = "exception"  // an exception that nothing caught
	FailedExit       FailureKind = "exit"       // exit or die
	FailedUnreadable FailureKind = "unreadable" // php-fpm's user cannot read the events or settings file
	FailedRedeclare  FailureKind = "redeclare"  // the application defines a helper function itself; Name is the one to yield
	FailedRequest    FailureKind = "request"    // the PHP half did not understand the request
	FailedChanged    FailureKind = "changed"    // it did not run: the code is not that of Event.Code; Name is its fingerprint
	FailedSkipped    FailureKind = "skipped"    // it did not run: an event before it in the request ended PHP
)

// FailureKinds returns every kind.
func FailureKinds() []FailureKind {
	return []FailureKind{FailedFatal, FailedTimeout, FailedException, FailedExit, FailedUnreadable, FailedRedeclare, FailedRequest, FailedChanged,
		FailedSkipped}
}

// Failure ends an event that failed in PHP. It is an error.
type Failure struct {
	Kind    FailureKind `json:"kind"`
	Name    string      `json:"name,omitempty"`
	Message string      `json:"message"`
	File    string      `json:"file,omitempty"`
	Line    int         `json:"line,omitempty"`
}

func (f *Failure) Error() string {
	if f.File == "" {
		return fmt.Sprintf("php %s: %s", f.Kind, f.Message)
	}
	return fmt.Sprintf("php %s: %s in %s:%d", f.Kind, f.Message, f.File, f.Line)
}
