// Package journal keeps on disk what has to outlive the server's process: documents that were accepted and have not been handed to PHP,
// clients whose close events are owed, their rows, the living global variables, and the last sequence number and key.
//
// A server opens the journal of its folder and asks Left what the process before has left. Then it reports each change:
//
//	id, err := j.Accept(ctx, Document{…})  // written: the document will be handed to PHP
//	err = j.Begin(ctx, id, seq)            // written: its event is about to be sent, and will never be sent again
//	j.End(id)                              // its event has ended
//
//	err = j.Owe(ctx, Client{…})            // written: the client's close event will run
//	j.SetRow(key, fields)                  // its row, as it is now
//	err = j.BeginClose(ctx, key, seq)      // written: its close event is about to be sent
//	j.Settle(key)                          // its close event has ended
//
// Written means that write(2) has been called, so that no kill of the process loses it. Options.Sync bounds what a power cut may take.
// Calls that return an error wait until they are written, until their context ends, or until the journal breaks. The others never
// wait; all that was called is written in the order of the calls, except that rows and globals may be up to a few milliseconds late,
// since only their newest values are written, and that begins have a file of their own, where each is written at once.
//
// On a full disk Accept returns ErrFull, and rows and globals wait in memory until there is room; everything else goes on, in space that
// was set aside. On any other error of the disk the journal is broken until the process ends: calls return ErrBroken, and nothing is
// written any more, so that what is on disk stays as it was.
//
// What is damaged on disk is noticed by Open, which returns *Damaged. A record at the end that a kill has cut off is no damage, since
// nobody was told that it is written.
//
// The store is a github.com/cockroachdb/pebble/v2. Everything may be called concurrently. A process holds a folder alone.
package journal
