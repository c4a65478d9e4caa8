// Package isolation decides how the events of an application run: alone or beside others, with which rows and global variables,
// and why. It reads the description that the PHP half gives of the application's code, and what the operator has configured.
//
// Package bridge asks it for each event; the command "wsbridge check" asks it for the reasons. An Application never changes: what
// is learned later makes another one. So everything here may be called concurrently, and nothing blocks.
package isolation
