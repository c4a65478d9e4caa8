package observe

import (
	"fmt"
	"slices"
	"testing"
)

// flushed returns what s logs at the end of an interval.
func flushed(s *Sampler[string]) []string {
	var lines []string
	s.Flush(func(key string, more int) { lines = append(lines, fmt.Sprint(key, " ", more)) })
	slices.Sort(lines)
	return lines
}

func TestSamplerLogsTheFirstAndSumsUpTheRest(t *testing.T) {
	var s Sampler[string]
	for range 2 {
		for i := range 300 {
			if first := s.First("flood"); first != (i == 0) {
				t.Fatalf("flood %d is first: %v", i, first)
			}
		}
		if !s.First("slow") {
			t.Error("a new key was not the first")
		}
		if got := flushed(&s); !slices.Equal(got, []string{"flood 299"}) {
			t.Errorf("got %q", got)
		}
	}
	if got := flushed(&s); got != nil {
		t.Errorf("got %q after an empty interval", got)
	}
}

func TestSamplerIsBounded(t *testing.T) {
	var s Sampler[int]
	for i := range maxKeys {
		s.First(i)
	}
	for range 2 {
		if !s.First(maxKeys) {
			t.Error("an occurrence was neither logged nor counted")
		}
	}
}
