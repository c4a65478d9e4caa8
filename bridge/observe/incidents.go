package observe

import (
	"slices"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxIncidents is how many different failures are kept.
const maxIncidents = 100

// Incident is a failed event, or several of the same kind that failed for the same reason at the same place.
type Incident struct {
	Time   time.Time // of the last event
	Kind   protocol.Kind
	Client int64 // of the last event; 0: the server
	Fault        // of the last event
	Times  int   // number of events
}

// Incidents holds the latest failures. The zero Incidents is empty.
type Incidents struct {
	mu  sync.Mutex // guards all
	all []Incident // the oldest first
}

// Add adds one failure. Its Times is ignored.
func (s *Incidents) Add(i Incident) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.Times = 1
	same := slices.IndexFunc(s.all, func(o Incident) bool {
		return o.Kind == i.Kind && o.Name == i.Name && o.File == i.File && o.Line == i.Line
	})
	switch {
	case same >= 0:
		i.Times += s.all[same].Times
		s.all = slices.Delete(s.all, same, same+1)
	case len(s.all) >= maxIncidents:
		s.all = slices.Delete(s.all, 0, 1)
	}
	s.all = append(s.all, i)
}

// Restore replaces the failures by those that All has returned in another process.
func (s *Incidents) Restore(all []Incident) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.Clone(all[:min(len(all), maxIncidents)])
	slices.Reverse(s.all)
}

// All returns the latest failures, at most 100, the last one first.
func (s *Incidents) All() []Incident {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.all)
	slices.Reverse(all)
	return all
}
