// Package protocol is the contract between wsbridge and its PHP half, version 1, as data. It does no I/O and imports only
// the standard library and phpvalue. The other side of the contract is php-handlers/. The tests of both sides read the
// golden files in testdata/.
//
// # A request
//
// A FastCGI request (role Responder) carries one or more events, which PHP runs in order. Each event has an environment,
// the CGI/1.1 parameters (RFC 3875) of its client's handshake, and keeps it for all of the client's life. A request has one
// set of parameters, so its events share an environment. The other parameters are:
//
//	WSBRIDGE_CONTRACT       the version, "1"
//	WSBRIDGE_TOKEN          the word that each line of the answer starts with
//	WSBRIDGE_EVENTS_FILE    the application's push_server_events.php, as php-fpm sees it
//	WSBRIDGE_SETTINGS_FILE  the legacy settings file, as php-fpm sees it; empty if there is none
//	WSBRIDGE_INITIALIZE     "every": ws_server_initialize runs in each request; "once": it runs only as an event
//	WSBRIDGE_YIELD          comma-separated: helper functions that the application defines itself and, as "@/path" and
//	                        percent-encoded, files of the application that define some, to be loaded before ours
//	WSBRIDGE_PRESENCE       a file that says which clients are there, as php-fpm sees it; empty if there is none
//	WSBRIDGE_ANNOUNCE       "1": when PHP has read the request, it writes the line "TOKEN begun" to the error stream and
//	                        flushes it before it runs anything; absent: it does not
//	WSBRIDGE_WATCH          comma-separated, percent-encoded: files of the application that only handlers include
//	WSBRIDGE_SUBPROTOCOL    the sub-protocol that the handshake agreed to; absent if there is none
//
// The body holds, for each event, one line of JSON and up to three blocks of bytes, whose lengths are in the line: rows,
// global variables and the payload. The payload is not escaped:
//
//	{"v":1,"seq":7,"event":"text","client":12,"code":"9f…","rows":40,"length":5}\n
//	a:1:{i:12;a:1:{s:5:"state";s:4:"OPEN";}}hello
//
// The members of the line:
//
//   - "rows" is the length of the rows: the output of PHP's serialize() for an array of rows by client key, which holds
//     arrays and scalars only. With "whole":true it has the rows of all clients, otherwise the row of the event's own
//     client; an event of the server then has none.
//   - "code" is the fingerprint of the code that wsbridge knows from its description. PHP runs no other code: it fails the
//     event as "changed", so that wsbridge can describe the new code before it runs.
//   - "sockets":true asks for streams in $sockets.
//   - "values" is the length of the block of living global variables, by name. "globals" names the variables whose changes
//     PHP reports; "any_global":true asks for the changes of all.
//   - "tagged":true and "zeros":true say that either block may hold tagged values, or a float zero.
//   - "result":true asks for what ws_server_fifo returns.
//   - "open" holds the keys of all clients in state OPEN, as ascending ranges.
//
// A handler that does not get the whole table still has to know who is open, so that send_text can return the truth. It learns
// that from "open" or, if that is absent, from the file of WSBRIDGE_PRESENCE, which also shows who leaves while the handler
// runs. In that file each client has two bits, four clients to a byte: client 4n+m has bits 2m and 2m+1 of byte n, bit 0
// being the lowest. The first is set while the client can be sent messages, the second while its row is in state OPEN.
//
// # An answer
//
// The body of the answer is a sequence of effects. PHP writes and flushes each as the handler causes it. An effect is one
// line: the token, a space and a JSON object. After a send or frames line come as many raw bytes as its length says, and a
// newline:
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
// A line without the token is stray: the application printed it past the PHP half, or PHP itself did before the PHP half ran. It
// is logged and never parsed, so no output can pass for an effect.
//
// An event ends with its done or failed line. If it has neither, the answer was cut off. A failed event keeps the effects that
// it has caused, and changes no row.
//
// # Rows
//
// The top-level fields of a row are raw JSON to the bridge, in PHP's order; it reads only the field "state". The PHP half puts a
// value that JSON cannot carry exactly into an object with the single key "\u0000php", whose value is the output of
// serialize() in base64. It wraps an array of the application that has such a key in the same way, so nothing that a client
// sends can pass for a tagged value. A field name that is not UTF-8, or that starts with "\u0000b64:", travels as
// "\u0000b64:" followed by its base64.
//
// In done, "rows" holds the changes by client key. "unset" applies before "set", new fields go to the end, and null says that
// the handler removed the row. The changes of all rows apply together when done arrives, and so do "globals", the changes of
// global variables. "lost" says, by variable, what it was given that cannot outlive the event.
//
// # Describe
//
// The event "describe" asks what the application's code can do. The result in its done line is a Description. The event
// "inspect" asks for an Inspection. Each done line carries in "code" a fingerprint of the included files; when it changes,
// wsbridge describes the application again. A handler that does not exist is never called.
package protocol
