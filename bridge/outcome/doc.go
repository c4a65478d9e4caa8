// Package outcome names how things end for clients: every ending of a connection with its close code, every refusal of a request with
// its HTTP status, and what the error of an event means for its client. PHP and package fastcgi never see these words; docs/endings.md
// shows them to users, and tests hold the page to the code.
//
// It is data: nothing in it blocks, and everything may be called concurrently. All rooms of package bridge may import it.
package outcome
