package api

// Upgrade is the body of POST /v1/upgrade.
type Upgrade struct {
	Program string `json:"program,omitempty"` // its absolute path; empty: that by which the server was started
}

// Upgraded is the answer of POST /v1/upgrade, from the process that has ended since.
type Upgraded struct {
	Before Process `json:"before"`
	After  Process `json:"after"` // which serves now
	Moved  int     `json:"moved"` // clients that have noticed nothing
	// Reconnecting are clients that could not be moved, such as those with TLS in wsbridge, and were told to connect again (1012).
	Reconnecting int `json:"reconnecting"`
	// Held is how long clients were held: what they sent meanwhile was handled after that.
	Held Micros `json:"held_us"`
}

// Process is one that serves, or did.
type Process struct {
	PID     int    `json:"pid"`
	Version string `json:"version"`
}
