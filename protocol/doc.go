// Package protocol is the contract between wsbridge and its PHP half, version 1, as data. It does no I/O and imports only
// the standard library and phpvalue. The other side of the contract is php-handlers/. The tests of both sides read the
// golden files in testdata/.
//
// # A request
//
// A FastCGI request (role Responder) carries one or more events, which PHP runs in order. Each event has an environment,
// the CGI/1.1 parameters (RFC 3875) of its client's handshake, and keeps it for all of the client's life. A request has one
// set of parameters: those of its first event. The other parameters are:
//
//	WSBRIDGE_CONTRACT     the version, "1"
//	WSBRIDGE_TOKEN        the word that each line of the answer starts with; of this request only
//	WSBRIDGE_EVENTS_FILE  the application's push_server_events.php, as php-fpm sees it
//	WSBRIDGE_OPTIONS      what only the PHP half needs, see below
//	WSBRIDGE_SUBPROTOCOL  the sub-protocol that the handshake agreed to; absent if there is none
//
// The options share a parameter because PHP takes longer to ask for one than to split a text. They are lines, all of which are
// there, in this order:
//
//	contract    the version
//	events      the events file
//	settings    the legacy settings file, as php-fpm sees it; empty if there is none
//	copy        the file with Description.Settings, as php-fpm sees it; empty if there is none
//	initialize  "every": ws_server_initialize runs in each request; "once": it runs only as an event
//	presence    a file that says which clients are there, as php-fpm sees it; empty if there is none
//	announce    "1": when PHP has read the request, it writes the line "TOKEN begun" to the error stream and flushes it
//	            before it runs anything; empty: it does not
//	server      "1": the application may look at $_SERVER, which PHP fills without the token before it loads the application;
//	            empty: it does not, or is not described yet
//	yield       comma-separated: helper functions that the application defines itself and, as "@/path" and percent-encoded,
//	            files of the application that define some, to be loaded before ours
//	watch       comma-separated, percent-encoded: files of the application that only handlers include
//	limit       the seconds on a processor after which PHP ends the events and says where they were; "0": it does not
//
// The body holds, for each event, one line of JSON and up to four blocks of bytes, whose lengths are in the line: the environment, rows,
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
//     PHP reports; "any_global":true asks for the changes of all. "first" names variables whose values PHP reports although the
//     event does not change them, unless "values" has them: code outside of functions would give them another value each time.
//     "linked":true says that variables which share an object or a reference travel together.
//   - "tagged":true and "zeros":true say that either block may hold tagged values, or a float zero.
//   - "result":true asks for what ws_server_fifo returns.
//   - "trace" is the event's place in a trace, as the header field traceparent has it (W3C Trace Context). The application finds it as
//     $_SERVER["WSBRIDGE_TRACEPARENT"]; the client's own header field stays $_SERVER["HTTP_TRACEPARENT"].
//   - "until", of a request's first event, is when wsbridge stops waiting, in milliseconds since 1970: no event of the request begins
//     later. It may have lain in php-fpm's backlog, and the next event may run.
//   - "open" holds the keys of all clients in state OPEN, as ascending ranges.
//   - "parameters":true says that the handlers look at their client's parameters, or at its session; "environment" is for these only,
//     see below.
//   - "clock":true asks PHP to leave out of "took" what it has waited for a processor. In a request with several events it does so anyway.
//   - "identify":true asks for the id of PHP's process in the done line. A program that a handler has left in the background may keep a
//     connection open, so that its end does not tell that the process has ended.
//
// A handler that does not get the whole table still has to know who is open, so that send_text can return the truth. It learns
// that from "open" or, if that is absent, from the file of the option presence, which also shows who leaves while the handler
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
//	TOKEN {"seq":7,"log":{"level":"info","message":"…","daily":{"file":"…","error":"…"}}}\n
//	TOKEN {"seq":7,"done":{"result":true,"rows":{"12":{"set":{"login":"a"},"unset":["draft"]},"15":null},"code":"9f…","took":0.0002}}\n
//	TOKEN {"seq":7,"done":{"globals":{"set":{"counter":3},"unset":["cache"],"lost":{"db":"a PDO"}},"code":"9f…","took":0.001}}\n
//	TOKEN {"seq":7,"failed":{"kind":"exit","message":"…","file":"…","line":7}}\n
//
// The bytes of a frames line are whole frames of a server (RFC 6455, section 5.2). If its only client has not been answered 101, they are
// written as they are.
//
// A line without the token is stray: the application printed it past the PHP half, or PHP itself did before the PHP half ran. It
// is logged and never parsed, so no output can pass for an effect.
//
// An event ends with its done or failed line. If it has neither, the answer was cut off. A failed event keeps the effects that
// it has caused, and changes no row.
//
// # Several events
//
// A request may carry events of different clients if, as far as their code shows, no handler leaves anything in its process that another event
// could see (Handler.Process, Single, Writes). For each event the PHP half makes anew what a request has made anew: rows, global variables
// that live, its buffer of output, the time limit, PHP's knowledge of files, and if "parameters" is set, the superglobals and the session of
// the event's client. "parameters" is the same for all events of a request. If it is set, "environment" is the length of the parameters of
// each client but the first one's, as in a resident worker. File scope and ws_server_initialize run once in a request.
//
// An event begins only after the last line of the one before has been written. PHP begins no further event after one that has ended PHP, nor
// after one that has ended the answer (fastcgi_finish_request), thrown away PHP's buffers of output or run for long, nor when nothing can be
// written any more. The events that have not begun for that reason fail as "skipped" if PHP can still say so. So of an answer that ends early,
// and of which nothing is unread, the first event without an end may have begun, and those after it have not.
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
// global variables. "lost" says, by variable, what it was given that cannot outlive the event; it keeps the value that it had. The "first"
// of "globals" are those of the event's "first" that the event has not changed. Variables that share something have a tagged value each: that of
// the first of them is all their values, and the others name that one. "bound" has the keys of clients
// whose rows a resident worker's event gave what no other process can be given. "wrote" names what an event that ran beside others was
// seen to write outside of its row.
//
// # Resident workers
//
// A request whose options name the contract "1 resident" carries no events. It stays open and becomes a resident worker. It has these
// parameters besides those of a request:
//
//	WSBRIDGE_RESIDENT  "unix://" and the path of a socket to which the worker connects
//	WSBRIDGE_WORKER    a token for that connection, of one use
//
// The worker connects and writes the token, a space, its process id and a newline. The same events and effects as in a request follow on
// the socket, in either direction, for all clients; the token of the effects is "+". Events may be written while others run. They run in
// order, and each ends with a done or failed line. What the request itself prints is logged. The worker loads the application at the
// first fill, so that the code outside of functions runs once.
//
// An event's line differs in this:
//
//   - "environment" is the length of a block before the others: the client's CGI parameters, as serialize() writes an array of strings by
//     name. It comes with the client's first event, and again if they have changed. The parameters of the request are not those of any
//     client.
//   - "changes" is the length of a block after the rows: what has changed in rows since the event before, other than by events of this
//     worker. It is a list of lists in order: a key, fields, and false to set these fields or true if they are a new row; or a key alone
//     if the row is removed. No fields say that wsbridge has sent the 101 that PHP did not wait for.
//   - "own":true says that the handlers reach no other row than that of their own client, so that PHP looks for changes there only.
//   - "watch":true asks for "wrote" in the done line, which an event that ran beside others has, too.
//   - "after":true, of an open event, says that it comes right after its client's authenticate event, which need not have ended. If that has
//     returned true, PHP sets the row's state to "OPEN", which it does not report, and runs the event; wsbridge sends the 101 before it
//     carries out any effect of the event. If not, PHP runs the close event instead that "else" describes by its name and by what its handlers
//     need ("sockets", "globals", "any_global" and "own"). Without "else" it runs nothing, and the event ends.
//   - "rows" and "values" come with fill and audit only, and "code" and "open" never: a worker has its rows and global variables,
//     knows who is open, and notices changed code when it is checked.
//
// In the done line "held" says, by name, what the event gave to a global variable ("$db") or to a field of a row ("$connections[][file]")
// that no other process can be given, once for each such variable and kind of field. "code" comes with fill only.
//
// "children" is an effect of the worker and of no event, whatever its seq is. It comes in an event or between two, and tells of processes
// that handlers have started:
//
//	TOKEN {"seq":9223372036854775807,"children":{"running":{"2260":{"program":"convert","state":"…"}},"ended":[2251]}}\n
//	TOKEN {"seq":9223372036854775807,"children":{"ready":true}}\n
//
// "running" has what the next worker needs to take a process over, by its process id, whenever that has changed; the payload of "fill"
// is an object with the latest of each. "ready" says that processes have something for their handlers. wsbridge then sends the event
// "process", in which the worker calls these; it says so once until that event has begun. "process" also comes without, for
// ws_process_loop.
//
// A worker whose fill has "beside":true holds no rows. It runs one event at a time, which brings its client's row, the living global
// variables that it may read, and its "environment", as a request does; its done line is that of a request, with "code".
//
// These events are of the worker itself. Their number is that of no other event, and no handler is called:
//
//   - "fill" brings all rows and living global variables. The worker loads the application, calls ws_server_initialize if the
//     option initialize is "every", and then runs events. Its "globals" has what "first" asks for.
//   - "check" asks for a Checkup. It comes every second, also before the first fill, and after it with changes, so that these do not
//     pile up while no event runs.
//   - "audit" brings rows and living global variables for the worker to compare with its own, after it has applied the changes. It
//     comes while no other event runs. Its payload is an AuditRange and its result an Audited; what the worker has otherwise is in
//     "rows" and "globals", as if an event had just changed it.
//   - "leave" ends the worker after its done line. With the payload "end" it ends the processes that handlers have started, too.
//
// A request with WSBRIDGE_CONTRACT "1 resident" and the parameter WSBRIDGE_KILL, a process id, becomes no worker: it kills that worker
// of the same php-fpm and prints "killed", or else why not.
//
// A worker whose event has failed ends. It runs nothing after that line, and what it has not ended had not begun. If the connection
// ends without such a line, the first event without an end may have begun.
//
// # Describe
//
// The event "describe" asks what the application's code can do. The result in its done line is a Description. The event
// "inspect" asks for an Inspection. Each done line carries in "code" a fingerprint of the included files; when it changes,
// wsbridge describes the application again. A handler that does not exist is never called.
package protocol
