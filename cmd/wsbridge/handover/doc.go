// Package handover is the channel between a wsbridge process and the one that it has started to take over from it. It carries messages, each
// with open files, and knows nothing of what they mean.
//
// The channel is one half of a socket pair (socketpair(2)). The old process makes it with [Pair] and passes the other half to the new one,
// which takes it with [Inherited]. Nobody else can reach it, since it has no name, and only the process that was started inherits it: so its
// messages need no proof of who sent them. Inherited only checks that the half which the environment names was made by its parent, so that a
// variable that was left over is not taken for one.
//
// # Messages
//
// [Channel.Greet] comes first, on both sides: it refuses a process that speaks another format. Then one side sends, and the other receives.
// Send returns when the other side has received the message with all its files. A side that cannot go on tells why with [Channel.Refuse], at
// any time, and the other side's next call returns that as a [Refusal]. A side that closes the channel, or ends, ends it with [ErrClosed].
//
// Each call needs a context with an end, or ends after [Patience].
//
// # Files
//
// A file arrives as a copy: both processes have it open until they close it, with one position, one set of flags, and one lock if it has one.
// So the sender keeps its own until it knows that the receiver has all of them. The kernel passes 253 files a message at most (SCM_MAX_FD),
// this package [MaxFiles]. A receiver that may open no more gets some of them without an error (unix(7)); then Receive fails with
// [ErrFiles], tells the sender, and closes those that came. Files that are received are closed in processes that are started.
//
// A Channel's methods must not be called concurrently, but for Close.
package handover
