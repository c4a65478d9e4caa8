// Package outcome names how things end for clients: each ending of a connection with its close code, each refusal of a request with its
// HTTP status, and what the error of an event means for its client. PHP and package fastcgi do not know these names. docs/endings.md
// explains them to users, and tests compare that page with the code.
//
// It is data only: nothing blocks, and everything may be called concurrently. All rooms of package bridge may import it.
package outcome
