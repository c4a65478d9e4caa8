// Package control answers those who operate the server, over HTTP: what docs/control.md describes. It knows of no command
// line. What it says in JSON, and a client of it, are in the package api.
//
// An answer comes from a call (route.go), which returns a value for JSON or an error; where a request came in decides what it
// is allowed to ask (guard.go). Everything has a deadline but GET /v1/events, where each line has one.
package control
