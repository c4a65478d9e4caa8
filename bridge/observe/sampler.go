package observe

import "sync"

// maxKeys is how many keys a Sampler counts in an interval.
const maxKeys = 1024

// Sampler keeps repetitions from filling the log. The first occurrence of a key in an interval is logged at once. The others are counted and
// logged together at the end of the interval. The zero Sampler is ready to use.
type Sampler[K comparable] struct {
	mu   sync.Mutex // guards seen
	seen map[K]int
}

// First counts an occurrence of key, and reports whether the caller has to log it. From the 1,025th key on it always has to.
func (s *Sampler[K]) First(key K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.seen[key]
	if !known && len(s.seen) >= maxKeys {
		return true
	}
	if s.seen == nil {
		s.seen = map[K]int{}
	}
	s.seen[key] = n + 1
	return !known
}

// Flush begins a new interval. For each key that occurred more than once, it calls log with the number of occurrences after the first.
func (s *Sampler[K]) Flush(log func(key K, more int)) {
	s.mu.Lock()
	past := s.seen
	s.seen = nil
	s.mu.Unlock()
	for key, n := range past {
		if n > 1 {
			log(key, n-1)
		}
	}
}
