// Package api is what the control API (docs/control.md, version 1) says in JSON, and a client of it. Times are UTC with
// milliseconds, durations microseconds, sizes bytes.
package api
