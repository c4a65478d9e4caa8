package observe

import "sync"

// maxAlike bounds what a Sampler tells apart in an interval.
const maxAlike = 1024

// Sampler keeps what happens again and again from filling the log: of things alike the first of an interval is logged as it comes, the
// others are counted and logged together at the interval's end. The zero Sampler is ready.
type Sampler[K comparable] struct {
	mu   sync.Mutex // guards seen
	seen map[K]int
}

// First counts a thing, and reports whether the caller is to log it. Beyond 1,024 kinds of them each is.
func (s *Sampler[K]) First(alike K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.seen[alike]
	if !known && len(s.seen) >= maxAlike {
		return true
	}
	if s.seen == nil {
		s.seen = map[K]int{}
	}
	s.seen[alike] = n + 1
	return !known
}

// Flush begins another interval. It calls log with how many there were after the first of each kind, unless that was the only one.
func (s *Sampler[K]) Flush(log func(alike K, more int)) {
	s.mu.Lock()
	past := s.seen
	s.seen = nil
	s.mu.Unlock()
	for alike, n := range past {
		if n > 1 {
			log(alike, n-1)
		}
	}
}
