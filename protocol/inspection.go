package protocol

// Inspection is the PHP half's report on an application, for its owner to act on before moving it.
type Inspection struct {
	Description
	Files     []string `json:"files"`     // the application's, with those that only handlers include
	Functions int      `json:"functions"` // declared in them, methods included
	// Fills are the global variables that ws_server_initialize fills.
	Fills    []string  `json:"fills,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
}

// The levels of a finding.
const (
	LevelNote    = "note"    // good to know; nothing to do
	LevelWarning = "warning" // behaves in another way than under the original server
	LevelError   = "error"   // would not work
)

// Finding is one thing that the owner of an application should know, and where it stands.
type Finding struct {
	Level   string `json:"level"` // one of the above
	Kind    string `json:"kind"`  // a word for what it is, such as "exit"; see docs/check.md
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}
