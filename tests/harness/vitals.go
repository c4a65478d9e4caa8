package harness

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Vitals are what the kernel and the Go runtime know of the server.
type Vitals struct {
	Files      int // open descriptors
	Goroutines int
	Heap       int // bytes of objects in use, and of those that no collection has found yet
	Stacks     int // bytes
	Resident   int // bytes of memory (VmRSS of proc(5))
	Peak       int // the most of that, since ForgetPeak (VmHWM)
}

// Vitals asks the kernel and the control socket; what that takes itself is not part of the answer.
func (s *Server) Vitals() (v Vitals) {
	s.T.Helper()
	metrics := s.Metrics()
	value := func(name string) int { return int(Metric(s.T, metrics, name)) }
	const own = 2 // the goroutine that answers and the one that watches its connection
	v.Goroutines, v.Heap, v.Stacks = value("go_goroutines")-own, value("go_memstats_heap_alloc_bytes"), value("go_memstats_stack_inuse_bytes")
	v.Files = s.Files()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		s.T.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		switch fields[0] {
		case "VmHWM:":
			v.Peak = kilobytes(s.T, fields[1])
		case "VmRSS:":
			v.Resident = kilobytes(s.T, fields[1])
		}
	}
	return v
}

// Files returns how many descriptors the program has open.
func (s *Server) Files() int {
	s.T.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.PID()))
	if err != nil {
		s.T.Fatal(err)
	}
	return len(files)
}

func kilobytes(tb testing.TB, s string) int {
	tb.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		tb.Fatal(err)
	}
	return n << 10
}

// ForgetPeak lets the peak of memory begin anew, at what is used now (proc(5), clear_refs).
func (s *Server) ForgetPeak() {
	s.T.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID()), []byte("5"), 0); err != nil {
		s.T.Fatal(err)
	}
}
