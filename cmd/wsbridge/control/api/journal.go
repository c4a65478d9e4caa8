package api

import "time"

// Journal is the answer of GET /v1/journal: what is on disk for the next process, in case that this one crashes. Without a journal, Dir is
// empty and all else is zero.
type Journal struct {
	Dir           string     `json:"dir"`
	Rows          bool       `json:"rows"`             // rows and living global variables are written as they change
	Documents     int        `json:"documents"`        // accepted, and not begun
	DocumentBytes int64      `json:"document_bytes"`   // that they take
	MaxBytes      int64      `json:"max_bytes"`        // that they may take
	Oldest        *time.Time `json:"oldest,omitempty"` // since when the first of them waits
	Begun         int        `json:"begun"`            // events of documents and close events that PHP has and has not ended
	Owed          int        `json:"owed"`             // clients whose close event is still to come
	RowsBehind    int        `json:"rows_behind"`      // rows that have changed and are not written
	DiskBytes     int64      `json:"disk_bytes"`       // of all files
	Full          bool       `json:"full"`             // the disk has no room
	Broken        string     `json:"broken,omitempty"` // why nothing is written any more
}
