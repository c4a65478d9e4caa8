package observe

import (
	"slices"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxIncidents is how many failures are remembered that are not alike.
const maxIncidents = 100

// Incident is a failed event, or several that are alike: of the same kind, for the same reason, at the same place.
type Incident struct {
	Time   time.Time // of the last one
	Kind   protocol.Kind
	Client int64 // of the last one; 0: the server
	Fault        // of the last one
	Times  int
}

// Incidents are the failures of late. The zero Incidents is empty.
type Incidents struct {
	mu  sync.Mutex // guards all
	all []Incident // the latest last
}

// Add notes a failure. Its Times counts from here.
func (s *Incidents) Add(i Incident) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.Times = 1
	alike := slices.IndexFunc(s.all, func(o Incident) bool {
		return o.Kind == i.Kind && o.Name == i.Name && o.File == i.File && o.Line == i.Line
	})
	switch {
	case alike >= 0:
		i.Times += s.all[alike].Times
		s.all = slices.Delete(s.all, alike, alike+1)
	case len(s.all) >= maxIncidents:
		s.all = slices.Delete(s.all, 0, 1)
	}
	s.all = append(s.all, i)
}

// All returns the failures of late, the latest first, at most 100.
func (s *Incidents) All() []Incident {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.all)
	slices.Reverse(all)
	return all
}
