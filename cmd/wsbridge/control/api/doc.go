// Package api has the JSON of the control API (docs/control.md, version 1), and a client of it. Times are UTC with milliseconds,
// durations microseconds, sizes bytes. Package control writes the JSON, package operate reads it.
package api
