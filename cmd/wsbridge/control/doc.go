// Package control is the control API (docs/control.md): HTTP for those who operate the server, with the dashboard, the metrics and the
// health checks. It owns its listeners and the dashboard's series. Package serve starts and closes it; package api has what it
// writes in JSON, and a client.
//
// A call (route.go) answers a request with a value for JSON or an error; the listener of a request decides what it may ask
// (guard.go). Every request has a deadline, but GET /v1/events, in which each line has one. Requests are served concurrently, and
// block only while they wait for php-fpm or for an event.
package control
