// Package harness runs the real program with an application of the test's own, as its users do: a php-fpm answers, the
// clients are real, and what the program logs is at hand. The packages below tests/ share it.
//
// A test starts a Server with Serve and an App. Clients come as a Client, which a WebSocket library speaks for, or as a
// Peer, which sends any bytes. A Server, and what it hands out, fails the test that it was made for; In makes one for a
// subtest. Whatever was started ends with the test.
package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Patience bounds every wait for something that must happen, and BuildPatience what compiles or installs from nothing.
// They cost nothing when it happens, and the machine may be slow and busy.
const (
	Patience      = 2 * time.Minute
	BuildPatience = 20 * time.Minute
)

// built names the environment variable with the path of a program that is built already. make test sets it, so that one
// build serves all packages.
const built = "WSBRIDGE_PROGRAM"

// program is what is under test.
var program string

// Program returns the path of the program under test. Everybody may run it.
func Program() string { return program }

// Main runs a package's tests, which TestMain leaves to it, and returns the exit status. It builds the program with the
// race detector unless that was done before.
func Main(m *testing.M) int {
	// By default a program that ends waits a second for the race detector's last reports.
	os.Setenv("GORACE", "halt_on_error=1 exitcode=66 atexit_sleep_ms=0")
	if program = os.Getenv(built); program != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "wsbridge-tests-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, "build wsbridge:", err)
		return 1
	}
	return m.Run()
}

func build(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil { // for tests that start it as another user
		return err
	}
	program = filepath.Join(dir, "wsbridge")
	cmd := exec.Command("go", "build", "-race", "-o", program, "github.com/wsbridge/wsbridge/cmd/wsbridge")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// Eventually waits for a condition that nothing announces.
func Eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(Patience); !ok(); {
		select {
		case <-tick.C:
		case <-timeout:
			tb.Fatalf("did not happen: %s", what)
		}
	}
}

// PublicDir returns a folder that php-fpm's user can use. The test's end removes it.
func PublicDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "wsbridge-app-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// FreePort returns a port that was free a moment ago, for programs that cannot say which they got. It is below those that the kernel gives
// to whoever wants any (net.ipv4.ip_local_port_range), since other tests take these all the time.
func FreePort(tb testing.TB) int {
	tb.Helper()
	const first, ports = 20_000, 10_000
	for range ports {
		port := first + rand.IntN(ports)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	tb.Fatal("no port is free")
	return 0
}

// Listening reports whether somebody listens at an address.
func Listening(network, address string) bool {
	conn, err := net.Dial(network, address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
