package harness

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
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
func (s *Server) Vitals(tb testing.TB) (v Vitals) {
	tb.Helper()
	metrics := s.Get(tb, "/metrics")
	value := func(name string) int { return metric(tb, metrics, name) }
	const own = 2 // the goroutine that answers and the one that watches its connection
	v.Goroutines, v.Heap, v.Stacks = value("go_goroutines")-own, value("go_memstats_heap_alloc_bytes"), value("go_memstats_stack_inuse_bytes")
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.PID()))
	if err != nil {
		tb.Fatal(err)
	}
	v.Files = len(files)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		switch fields[0] {
		case "VmHWM:":
			v.Peak = kilobytes(tb, fields[1])
		case "VmRSS:":
			v.Resident = kilobytes(tb, fields[1])
		}
	}
	return v
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
func (s *Server) ForgetPeak(tb testing.TB) {
	tb.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID()), []byte("5"), 0); err != nil {
		tb.Fatal(err)
	}
}

// Get asks the control socket.
func (s *Server) Get(tb testing.TB, path string) []byte {
	tb.Helper()
	client := &http.Client{Timeout: Patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", s.Path("control.sock"))
		},
	}}
	response, err := client.Get("http://control" + path)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		tb.Fatalf("%s: %s, %v", path, response.Status, err)
	}
	return text
}

// metric is a whole number of Prometheus' text format.
func metric(tb testing.TB, text []byte, name string) int {
	tb.Helper()
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(name+" ")); ok {
			value, err := strconv.ParseFloat(string(bytes.TrimSpace(rest)), 64)
			if err != nil {
				tb.Fatalf("%s: %v", name, err)
			}
			return int(value)
		}
	}
	tb.Fatalf("no metric %s", name)
	return 0
}
