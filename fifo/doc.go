// Package fifo is the named pipe through which the web application talks to the push server:
// it makes the pipe, owns it, reads it, and splits what arrives into documents.
//
// # Writers
//
// A writer opens the pipe (PHP: fopen with "w+"), writes one JSON document or one bare command, and
// closes it. There is no framing, and several writers may write at once. What arrives is split as follows.
//
//   - A '{' or '[' starts a JSON document, which ends where its brackets balance: no newline is needed,
//     and line breaks inside it do not matter.
//   - Anything else, "reload", 123 and "x" included, is a bare command. It ends at a newline, else after
//     [Config.Quiet] without a further byte, else before an object that is glued to a word: reload{"a":1}
//     is two documents, whereas set x={"a":1} and set {"a":1} are one command each.
//   - Documents are handed over trimmed as PHP's trim does: blanks and NUL bytes at both ends.
//     Bytes inside a bare command are not checked. A JSON document is what encoding/json calls valid,
//     which leaves the bytes inside its strings unchecked too.
//
// # What is skipped
//
// Data that is no document is reported through [Config.Report] and skipped: invalid JSON, a document past
// [Config.Limit], and one whose writer died, which is known by [Config.Stall] without a further byte.
// A document past the limit is still followed to its own end, with its nesting but without its bytes.
// After invalid JSON the next document is looked for at the points where visitors' text, which
// json_encode escapes, cannot fake one (but see the limits below):
//
//   - after [Config.Quiet] without a byte;
//   - at the start of a line that begins, unindented, with '{', '[' or a letter;
//   - at an opening such as {"k that stands where JSON allows no value, as in }{"k.
//
// A JSON document found without a pause is handed over only when what follows it shows that it was not
// a part of the broken one: after ',', '}' or ']' it is skipped too. And a bare command is accepted
// again only after a newline or a pause, as without one it could be the rest of a text in the broken document.
//
// # Limits that stand
//
//   - The kernel keeps a write whole up to PIPE_BUF, 4096 bytes (pipe(7)). Anybody's write may come to lie
//     in the middle of a larger one. Mostly that shows as invalid JSON and is reported, though the smaller document
//     is often saved; it may also pass unnoticed, as a command inside a string does. Nothing here can tell.
//     If documents can be larger than that, all writers, those of small ones too, should hold flock(2) LOCK_EX
//     on the open pipe while writing; this package takes no flock and does not mind.
//   - The rest of such a document may be taken for a command if its writer paused for longer than Quiet.
//   - Two bare commands without newline that arrive within Quiet of each other are one command.
//   - A newline ends a bare command, so text of visitors belongs into JSON, never into a bare command.
//   - With fs.protected_fifos, opening with O_CREAT, as "w+" does, is refused in a sticky world-writable
//     directory such as /tmp unless writer or directory owner owns the pipe (proc_sys_fs(5)).
//   - "w+" makes a regular file where no pipe is. [Create] refuses such a file and leaves it in place.
//
// The package is for Linux: POSIX leaves opening a pipe for both reading and writing undefined (fifo(7)).
package fifo
