// Package protocol is the contract between wsbridge and its PHP half, version 1, as data: it does no I/O and imports
// nothing but the standard library. php-handlers/ is the other side of it; testdata/ holds golden files that the tests
// of both sides read.
//
// # A request
//
// One FastCGI request (role Responder) carries one or more events, in order. Each event has an environment, the CGI/1.1
// parameters (RFC 3875) of its client's handshake, which is the same for all of the client's life; the events of one
// request share it, since a request has one set of parameters. Besides the environment these are:
//
//	WSBRIDGE_CONTRACT       the version, "1"
//	WSBRIDGE_TOKEN          the word each line of the answer starts with
//	WSBRIDGE_EVENTS_FILE    the application's push_server_events.php, as php-fpm sees it
//	WSBRIDGE_SETTINGS_FILE  the legacy settings file, as php-fpm sees it; empty if there is none
//	WSBRIDGE_INITIALIZE     "every": ws_server_initialize runs in each request; "once": only as an event
//	WSBRIDGE_YIELD          comma-separated: helper functions that the application defines itself, and as "@/path",
//	                        percent-encoded, files of the application's that define some, to be loaded before ours
//	WSBRIDGE_PRESENCE       a file that says who is there, as php-fpm sees it; empty if there is none
//	WSBRIDGE_ANNOUNCE       "1": PHP tells on the error stream, with the line "TOKEN begun", that it has read the request, and
//	                        flushes it before it runs anything; absent: it does not
//	WSBRIDGE_WATCH          comma-separated, percent-encoded: files of the application's that only handlers include
//	WSBRIDGE_SUBPROTOCOL    what the handshake has agreed to; absent if that is none
//
// Its body is, for each event, one line of JSON and then, each as long as the line says, up to three blocks of bytes: rows,
// global variables and the payload. The payload is never escaped:
//
//	{"v":1,"seq":7,"event":"text","client":12,"code":"9f…","rows":40,"length":5}\n
//	a:1:{i:12;a:1:{s:5:"state";s:4:"OPEN";}}hello
//
// "rows" is PHP's serialize() of an array of rows by client key: with "whole":true every client's, else the event's own
// client's, or with a server event none. It holds arrays and scalars only. "code" is the fingerprint of the code that
// wsbridge has described: PHP runs no other, but fails the event as "changed", so that wsbridge looks at the new code
// before it runs. "sockets":true asks for streams in $sockets.
//
// "values" is the length of the block of global variables that live, by name. "globals" names those whose changes are to
// be told, "any_global":true asks for those of whichever there are. "tagged" and "zeros" say that there are tagged values,
// or a float zero, to look for in either block.
//
// "result":true asks for what ws_server_fifo returns.
//
// An event without the whole table learns who else is open, so that send_text can tell the truth, from "open", the keys of
// all clients in state OPEN as ascending ranges; or if there is no "open", from the file of WSBRIDGE_PRESENCE. In that file
// each client has two bits, the lower ones first, four clients to a byte: client 4n+m has bits 2m and 2m+1 of byte n. The
// first is set while the client can be sent messages, the second while its row is OPEN. It is also the news of who left
// while a handler has been running.
//
// # An answer
//
// The answer's body is a sequence of effects, each written and flushed as the handler makes it. An effect is one line,
// the token, a space and a JSON object, and behind a send or frames line as many raw bytes as its length says and one
// more newline:
//
//	TOKEN {"seq":7,"send":{"to":[12,15],"length":5}}\n
//	hello\n
//	TOKEN {"seq":7,"send":{"to":"open","binary":true,"length":3}}\n
//	TOKEN {"seq":7,"frames":{"to":[12],"length":9}}\n
//	TOKEN {"seq":7,"close":{"client":15,"code":1008,"reason":"flood","handled":true}}\n
//	TOKEN {"seq":7,"log":{"level":"warning","message":"…","file":"…","line":7}}\n
//	TOKEN {"seq":7,"done":{"result":true,"rows":{"12":{"set":{"login":"a"},"unset":["draft"]},"15":null},"code":"9f…","took":0.0002}}\n
//	TOKEN {"seq":7,"done":{"globals":{"set":{"counter":3},"unset":["cache"],"lost":{"db":"a PDO"}},"code":"9f…","took":0.001}}\n
//	TOKEN {"seq":7,"failed":{"kind":"exit","message":"…","file":"…","line":7}}\n
//
// A line without the token is something the application printed past the PHP half (or php itself did, before it ran):
// it is logged and never parsed, so no output can pass for an effect. An event ends with its done or its failed line.
// An event that has neither was cut off. A failed event keeps the effects it made, and changes no row.
//
// # Rows
//
// A row's top-level fields are raw JSON to the bridge, in PHP's order; it reads none of them but "state". The PHP half
// puts a value that JSON cannot carry exactly into an object with the single key "\u0000php", the value's serialize()
// in base64; an application's array that has such a key is itself wrapped that way, so nothing a client sends can pass
// for one. A field name that is not UTF-8, or starts with "\u0000b64:", travels as "\u0000b64:" and its base64.
// In done, "rows" holds the differences by client key: "unset" is applied before "set", new fields go to the end, and
// null says that the handler removed the row. They apply together, at done, and so do "globals": the differences of the
// global variables, and in "lost" what a variable was given that cannot be carried to the next event.
//
// # Describe
//
// The event "describe" asks what the application's code can do; the answer is the result of its done line, a
// Description; "inspect" likewise, for an Inspection. Each done line carries in "code" a fingerprint of the files included; when it changes, wsbridge
// describes anew. A handler that does not exist is never called.
package protocol
