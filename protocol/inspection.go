package protocol

// Inspection is the PHP half's report on an application, for its owner to act on before the move to wsbridge.
type Inspection struct {
	Description
	Files     []string `json:"files"`     // the application's, also those that only handlers include
	Functions int      `json:"functions"` // declared in them, methods included
	// Fills are the global variables that ws_server_initialize fills.
	Fills []string `json:"fills,omitempty"`
	// Outside are the handlers that read and then may write a file or a database, by name.
	Outside  map[string]Cause `json:"outside,omitempty"`
	Findings []Finding        `json:"findings,omitempty"`
	// NoResidents says why no worker can stay; empty: nothing is against it.
	NoResidents string `json:"no_residents,omitempty"`
}

// The levels of a finding.
const (
	LevelNote    = "note"    // good to know, nothing to do
	LevelWarning = "warning" // behaves differently than under the original server
	LevelError   = "error"   // does not work
)

// Finding is something in the code that the owner of an application should know.
type Finding struct {
	Level   string `json:"level"` // one of the above
	Kind    string `json:"kind"`  // what it is, such as "exit"; see docs/check.md
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	// Kept is set if the finding is about one request per event only: it names what resident workers keep, such as "static variable $n of
	// f()".
	Kept string `json:"kept,omitempty"`
	// Resident is the message with resident workers, if that is another.
	Resident string `json:"resident,omitempty"`
}
