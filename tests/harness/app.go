package harness

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// App is what a test serves: its handlers, and what differs from the defaults.
type App struct {
	Handlers string   // PHP, without the opening tag; ws_server_authenticate is added if it is missing
	Settings string   // further lines of the legacy settings file
	TOML     string   // further lines of a configuration that names the settings file; if empty, there is none, see ResidentMode
	Args     []string // further arguments
}

// Prepare writes the application's files into a folder that php-fpm's user can read, and starts nothing.
func Prepare(tb testing.TB, a App) *Server {
	tb.Helper()
	s := &Server{T: tb, Dir: PublicDir(tb)}
	handlers := a.Handlers
	if !strings.Contains(handlers, "ws_server_authenticate") {
		handlers += "\nfunction ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }\n"
	}
	s.Write("push_server_events.php", "<?php\n"+handlers)
	s.Write("server_shared.conf", s.Settings(a.Settings))
	if a.configured() {
		s.Configure(a.TOML)
	}
	return s
}

// configured reports whether there is a configuration that names the settings file.
func (a App) configured() bool { return a.TOML != "" || residentMode() != "" }

// Settings returns the settings file's text: more, and what that does not set.
func (s *Server) Settings(more string) string {
	lines := []string{
		"WEBSOCKET_LISTENING_ADDRESS=127.0.0.1",
		"WEBSOCKET_LISTENING_PORT=0",
		"WEBSOCKET_SELECT_TIMEOUT=200000",
		"WEBSOCKET_SERVER_HEADER=SimplePHPWS",
		"WEBSOCKET_XHR_PIPE_FILE=" + s.Path(Pipe),
		"WEBSOCKET_EVENTS_INCLUDE_FILE=" + s.Path("push_server_events.php"),
		"WEBSOCKET_LOG_PATH=" + s.Path("") + "/",
		"DB_PASSWORD=se=cr=et",
	}
	lines = slices.DeleteFunc(lines, func(line string) bool {
		key, _, _ := strings.Cut(line, "=")
		return strings.HasPrefix(more, key+"=") || strings.Contains(more, "\n"+key+"=")
	})
	return strings.Join(lines, "\n") + "\n" + more
}

// Configure replaces the configuration's text below the settings file's name.
func (s *Server) Configure(toml string) {
	s.T.Helper()
	s.Write("wsbridge.toml", fmt.Sprintf("legacy.settings = %q\n%s", s.Path("server_shared.conf"), inMode(toml)))
}

// Arguments returns the command line that serves the prepared application.
func (s *Server) Arguments(a App) []string {
	args := []string{"serve", "--settings", s.Path("server_shared.conf")}
	if a.configured() {
		args = []string{"serve", "--config", s.Path("wsbridge.toml")}
	}
	return append(args, a.Args...)
}

// Write writes a file of the application.
func (s *Server) Write(name, content string) {
	s.T.Helper()
	// Written under another name and renamed, as a deployment does: PHP must never see half a file.
	temp := s.Path(name + ".new")
	if err := os.WriteFile(temp, []byte(content), 0o644); err != nil {
		s.T.Fatal(err)
	}
	if err := os.Rename(temp, s.Path(name)); err != nil {
		s.T.Fatal(err)
	}
}

// Read returns a file of the application.
func (s *Server) Read(name string) string {
	s.T.Helper()
	b, err := os.ReadFile(s.Path(name))
	if err != nil {
		s.T.Fatal(err)
	}
	return string(b)
}

// ReadIfThere is Read for a file that may still have to be made.
func (s *Server) ReadIfThere(name string) string {
	b, _ := os.ReadFile(s.Path(name))
	return string(b)
}

// Remove removes a file of the application.
func (s *Server) Remove(name string) error { return os.Remove(s.Path(name)) }

// WritePipe writes to the named pipe as the web application does: open, write, close.
func (s *Server) WritePipe(document string) {
	s.T.Helper()
	f, err := os.OpenFile(s.Path(Pipe), os.O_RDWR, 0)
	if err != nil {
		s.T.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(document); err != nil {
		s.T.Fatal(err)
	}
}
