package bridge

import (
	"log/slog"
	"sync"

	"github.com/wsbridge/wsbridge/protocol"
)

// dailyFile is whether the application's show_message can write its daily file. A handler does not learn that it cannot, so the log tells
// of it once, and once when it can again. The zero value is of a file that can be written.
type dailyFile struct {
	mu      sync.Mutex
	missing int // lines since it could be written
}

func (f *dailyFile) note(d *protocol.Daily, log *slog.Logger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case d.Error == "" && f.missing > 0:
		log.Info("show_message writes the daily file again", keyMissing, f.missing)
		f.missing = 0
	case d.Error != "":
		if f.missing == 0 {
			log.Warn("show_message cannot write the daily file: its lines are in this log only, until it can", keyFile, d.File, keyError, d.Error)
		}
		f.missing++
	}
}
