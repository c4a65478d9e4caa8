// Package fifo is the named pipe through which the web application talks to the push server. It owns the pipe's path: it makes the pipe,
// reads it, splits what arrives into documents, makes it anew when somebody has removed it, and removes it.
//
// The server calls [Create] once, then [Pipe.Run], which blocks and delivers the documents, and [Pipe.Close]. Create may block for a second
// while it empties a stale pipe, and so may Close. Nothing else but [Pipe.Hold] blocks. A Pipe's methods may be called concurrently.
//
// Another process can take the pipe over: [Pipe.Hold] stops reading, [Pipe.State] returns what the other one needs for [Restore], with the
// open files, among them the one that has the pipe's lock.
//
// # Writers
//
// A writer opens the pipe (PHP: fopen with "w+"), writes one JSON document or one bare command, and
// closes it. There is no framing, and several writers may write at once. What arrives is split as follows.
//
//   - What a single writer has written is one document, if nothing else came near it and it does not begin with JSON: a text of several
//     lines, "[INFO] stock changed", "[1] first". It is complete after one line, when the next writer has come, or after [Config.Quiet].
//     By inotify(7) the package knows how many writers have come, and a read ends where a write ended.
//
// Everything else, which is JSON or what several writers have written at the same time, or one that stays:
//
//   - A '{' or '[' starts a JSON document, which ends where its brackets balance: it needs no newline,
//     and line breaks inside it do not matter. If a word follows at once that JSON does not have, as in [INFO] or {name}, it is
//     a bare command.
//   - Anything else is a bare command, also "reload", 123 and "x". It ends at a newline, after [Config.Quiet] without a further byte, or
//     when another writer comes, or before an object that directly follows a word: reload{"a":1} is two documents, whereas
//     set x={"a":1} and set {"a":1} are one command each.
//   - Documents are trimmed as PHP's trim does: blanks and NUL bytes at both ends. Bytes inside a bare command are not checked. A JSON
//     document is what encoding/json calls valid, which does not check the bytes inside its strings either.
//
// # What is skipped
//
// Data that is not a document is reported through [Config.Report] and skipped: invalid JSON, a document longer than
// [Config.Limit], and one that stays incomplete for [Config.Stall] because its writer died.
// A document that is too long is followed to its own end, with its nesting but without its bytes.
// After invalid JSON the next document may start only where visitors' text, which json_encode escapes, cannot imitate one
// (but see the limits below):
//
//   - after [Config.Quiet] without a byte;
//   - at the start of a line that begins, unindented, with '{', '[' or a letter;
//   - at an opening such as {"k where JSON allows no value, as in }{"k.
//
// A JSON document found without a pause is delivered only when what follows shows that it was not
// a part of the broken one: before ',', '}' or ']' it is skipped too. And a bare command is accepted
// again only after a newline or a pause, since it could be the rest of a text in the broken document.
//
// # Known limits
//
//   - The kernel keeps a write in one piece up to PIPE_BUF, 4096 bytes (pipe(7)). A larger one may have other writers' data in its
//     middle. Mostly that shows as invalid JSON and is reported, though the smaller document
//     is often saved; it may also stay unnoticed, as a command inside a string does. This package cannot detect it.
//     If documents can be larger than that, all writers, also those of small documents, should hold flock(2) LOCK_EX
//     on the open pipe while writing. This package takes no flock.
//   - The rest of such a document may be taken for a command if its writer paused for longer than Quiet.
//   - Two bare commands without newline are one command if they came before the package could look at the pipe in between.
//   - A newline ends a bare command if other writers are near, so visitors' text belongs into JSON, never into a bare command.
//   - Writers that open the pipe at the same moment, and then write at the same moment, count as one. Without inotify, of which
//     a user has a limited number, a newline always ends a bare command.
//   - With fs.protected_fifos, opening with O_CREAT, as "w+" does, is refused in a sticky world-writable
//     directory such as /tmp unless the writer or the directory's owner owns the pipe (proc_sys_fs(5)).
//   - If the pipe is missing, "w+" makes a regular file. [Create] and [Pipe.Run] leave it in place and tell of it, or rename it with
//     [Config.SetAside]. Of what is written in the quarter of a second until Run looks, only the last document is there.
//
// The package is for Linux: POSIX leaves opening a pipe for both reading and writing undefined (fifo(7)).
package fifo
