package bridge

import (
	"log/slog"
	"maps"
	"sync"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxAlike bounds what is told apart in an interval; failures beyond that are logged one by one.
const maxAlike = 1024

// failures keeps a handler that fails with each message from filling the log: of failures alike the first of an interval
// is logged as it comes, the others together at the interval's end.
type failures struct {
	log *slog.Logger

	mu    sync.Mutex // guards alike
	alike map[failure]int
}

// failure is what failures have in common that are alike.
type failure struct {
	kind protocol.Kind
	name string
	file string
	line int
}

func newFailures(log *slog.Logger) *failures { return &failures{log: log, alike: map[failure]int{}} }

// isFirst counts a failure, and reports whether it is to be logged.
func (f *failures) isFirst(like failure) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, known := f.alike[like]
	if !known && len(f.alike) >= maxAlike {
		return true
	}
	f.alike[like] = n + 1
	return !known
}

// flush logs what there was beside the first ones, and begins another interval.
func (f *failures) flush() {
	f.mu.Lock()
	past := maps.Clone(f.alike)
	clear(f.alike)
	f.mu.Unlock()
	for like, n := range past {
		if n < 2 {
			continue
		}
		log := f.log.With(keyEvent, like.kind)
		if like.file != "" {
			log = log.With(keyFile, like.file, keyLine, like.line)
		}
		log.Error("handler failed again and again", keyError, like.name, "times", n-1)
	}
}
