// Package isolation decides how the events of an application run, and says why: alone or beside others, with which rows and which global
// variables. It reads the PHP half's description of the application's code, and the configuration.
//
// Package bridge asks it for each event, and the command "wsbridge check" for the reasons. An Application never changes: what is learned
// later makes a new one. So everything may be called concurrently, and nothing blocks.
package isolation
