package protocol

// Inspection is the PHP half's report on an application, for its owner to act on before the move to wsbridge.
type Inspection struct {
	Description
	Files     []string `json:"files"`     // the application's, also those that only handlers include
	Functions int      `json:"functions"` // declared in them, methods included
	// Fills are the global variables that ws_server_initialize fills.
	Fills    []string  `json:"fills,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
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
}
