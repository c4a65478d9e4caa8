package harness

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// kept is how long unused connections to php-fpm stay with Brief.
const kept = 300 * time.Millisecond

// Brief is configuration for tests that count descriptors: kept connections to php-fpm are some, too, and workers beside others, which stay
// six times as long.
const Brief = "php.idle_timeout = \"300ms\"\n"

// mostLeft is what may be left of heap and stacks, each, when collections have been: pools, and what this harness asks
// for.
const mostLeft = 8 << 20

// Settled returns what there is at rest, with Brief: the median of some time, since asking makes goroutines come and
// go.
func (s *Server) Settled() (v Vitals) {
	s.T.Helper()
	const samples = 15
	var files, goroutines [samples]int
	s.awaitSpare()
	time.Sleep(2 * kept)
	for i := range samples {
		v = s.Vitals()
		files[i], goroutines[i] = v.Files, v.Goroutines
	}
	slices.Sort(files[:])
	slices.Sort(goroutines[:])
	v.Files, v.Goroutines = files[samples/2], goroutines[samples/2]
	return v
}

// awaitSpare waits for the spare resident worker, which is booted while the first one runs events already. Without resident workers nothing
// counts them.
func (s *Server) awaitSpare() {
	s.T.Helper()
	Eventually(s.T, "there is a spare resident worker", func() bool {
		metrics := s.Metrics()
		count := func(kind string) float64 {
			return Metric(s.T, metrics, fmt.Sprintf("wsbridge_resident_workers{kind=%q}", kind))
		}
		return !strings.Contains(metrics, "\nwsbridge_resident_workers{") || count("alone") == count("spare")
	})
}

// Recovers waits until there is no more than before. Asking makes garbage, which is collected.
func (s *Server) Recovers(before Vitals) {
	s.T.Helper()
	var now Vitals
	defer func() {
		if s.T.Failed() {
			s.T.Logf("before: %+v; now: %+v; open: %v", before, now, s.openFiles())
			s.Signal(syscall.SIGQUIT) // its goroutines go to the log
		}
	}()
	Eventually(s.T, fmt.Sprintf("all is as before, %+v", before), func() bool {
		now = s.Vitals()
		small := now.Heap <= before.Heap+mostLeft && now.Stacks <= before.Stacks+mostLeft
		if !small {
			s.collect()
		}
		return small && now.Files <= before.Files && now.Goroutines <= before.Goroutines
	})
}

// collect has the garbage collector run.
func (s *Server) collect() {
	s.T.Helper()
	if status, text := s.Get("/debug/pprof/heap?gc=1"); status != http.StatusOK {
		s.T.Fatalf("collect garbage: got %d %s", status, text)
	}
}

// openFiles names what the program has open.
func (s *Server) openFiles() (names []string) {
	folder := fmt.Sprintf("/proc/%d/fd", s.PID())
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		name, _ := os.Readlink(filepath.Join(folder, e.Name()))
		names = append(names, e.Name()+" "+name)
	}
	return names
}
