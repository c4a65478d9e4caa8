package config

import (
	"os"
	"path/filepath"
	"strings"
)

// Journal is about what has to outlive the process.
type Journal struct {
	Dir     string   `toml:"dir"` // absolute after loading, "auto", or empty: no journal
	Sync    Duration `toml:"sync"`
	MaxSize ByteSize `toml:"max_size"` // of documents that wait
	Rows    bool     `toml:"rows"`
}

// Folder returns the folder of the journal; empty: there is none. "auto" is one in the state directory that the service manager has made.
func (j *Journal) Folder() string {
	if j.Dir != AutoAddress {
		return j.Dir
	}
	state, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":") // systemd.exec(5)
	if state == "" {
		return ""
	}
	return filepath.Join(state, "journal")
}

// leastJournal has room for one document of any size that is usual.
const leastJournal = ByteSize(1 << 20)

func (c *checker) journal(j *Journal) {
	c.require(j.Sync >= 0, "journal.sync", j.Sync, `want a time, such as "1s", or "0s" for each write`)
	c.require(j.MaxSize >= leastJournal, "journal.max_size", j.MaxSize, "want a size of "+leastJournal.String()+" or more")
}
