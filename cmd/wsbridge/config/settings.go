package config

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The settings that wsbridge itself reads. Every other key is the application's.
const (
	settingEnable         = "WEBSOCKET_ENABLE"
	settingAddress        = "WEBSOCKET_LISTENING_ADDRESS"
	settingPort           = "WEBSOCKET_LISTENING_PORT"
	settingSelectTimeout  = "WEBSOCKET_SELECT_TIMEOUT" // microseconds
	settingServerHeader   = "WEBSOCKET_SERVER_HEADER"
	settingPipe           = "WEBSOCKET_XHR_PIPE_FILE"
	settingEvents         = "WEBSOCKET_EVENTS_INCLUDE_FILE"
	settingLogPath        = "WEBSOCKET_LOG_PATH" // the PHP half writes there, too
	settingPongTimeout    = "WEBSOCKET_CONNECTION_TIMEOUT_SEC"
	settingAllowedOrigins = "WEBSOCKET_ALLOWED_ORIGINS" // comma-separated; not known to the original
)

func ownSettings() []string {
	return []string{settingEnable, settingAddress, settingPort, settingSelectTimeout, settingServerHeader, settingPipe,
		settingEvents, settingLogPath, settingPongTimeout, settingAllowedOrigins}
}

// Settings is what wsbridge needs of a legacy settings file, KEY=VALUE lines that the original server made constants
// of. The values of other keys are not kept.
type Settings struct {
	Path string
	// Constants are the names of the application's own keys, in the file's order.
	Constants []string
	// Warnings are lines that mean nothing or do not mean what they seem to. They never quote a value.
	Warnings []string

	own map[string]setting
}

type setting struct {
	value string
	line  int
}

// readSettings reads a legacy settings file.
func readSettings(path string) (*Settings, error) {
	text, err := readLimited(path)
	if err != nil {
		return nil, err
	}
	return parseSettings(path, text), nil
}

// parseSettings accepts any text. Lines, keys and values are trimmed; blank lines and those that start with "#" mean
// nothing; a value may hold "=". Of two lines with one key the first counts, as with PHP's define.
func parseSettings(path string, text []byte) *Settings {
	s := &Settings{Path: path, own: map[string]setting{}}
	seen := map[string]int{}
	number := 0
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		switch first := seen[key]; {
		case !ok || key == "":
			s.warn(number, `not a line of the form KEY=VALUE, ignored`)
			continue
		case first > 0:
			s.warn(number, fmt.Sprintf("%s is set in line %d already, ignored", key, first))
			continue
		}
		seen[key] = number
		s.keep(key, setting{value: strings.TrimSpace(value), line: number})
	}
	return s
}

func (s *Settings) keep(key string, v setting) {
	if slices.Contains(ownSettings(), key) {
		s.own[key] = v
		return
	}
	s.Constants = append(s.Constants, key)
}

func (s *Settings) warn(line int, what string) {
	s.Warnings = append(s.Warnings, fmt.Sprintf("%s:%d: %s", s.Path, line, what))
}

// text returns a setting's value; ok is false if it is missing or empty.
func (s *Settings) text(key string) (v string, ok bool) {
	v = s.own[key].value
	return v, v != ""
}

// number returns a setting as a whole number from least to most; ok is false if it is missing or empty. The error names
// the key, the value and its line.
func (s *Settings) number(key string, least, most int) (n int, ok bool, err error) {
	v, ok := s.text(key)
	if !ok {
		return 0, false, nil
	}
	n, err = strconv.Atoi(v)
	if err != nil || n < least || n > most {
		want := fmt.Sprintf("want a whole number from %d to %d", least, most)
		return 0, false, configError(s.origin(key).problem(v, want))
	}
	return n, true, nil
}

// list returns a comma-separated setting without its blank parts.
func (s *Settings) list(key string) []string {
	parts := []string{}
	for part := range strings.SplitSeq(s.own[key].value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// origin is where a setting stands.
func (s *Settings) origin(key string) origin {
	return origin{place: fmt.Sprintf("%s:%d", s.Path, s.own[key].line), name: key}
}
