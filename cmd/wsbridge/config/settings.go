package config

import (
	"bytes"
	"fmt"
	"slices"
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
	settingAllowedOrigins = "WEBSOCKET_ALLOWED_ORIGINS" // comma-separated; unknown to the original
)

func ownSettings() []string {
	return []string{settingEnable, settingAddress, settingPort, settingSelectTimeout, settingServerHeader, settingPipe,
		settingEvents, settingLogPath, settingPongTimeout, settingAllowedOrigins}
}

// settings is what wsbridge needs from a legacy settings file: KEY=VALUE lines, of which the original server made constants. The
// values of other keys are not kept.
type settings struct {
	Path string
	// Constants are the names of the application's own keys, in the file's order.
	Constants []string
	// Warnings are about lines that mean nothing, or not what they seem to. They never quote a value.
	Warnings []string

	own map[string]setting
	// misspelt are keys that this program does not read, by those that are not there and that they may stand for.
	misspelt map[string]string
}

type setting struct {
	value string
	line  int
}

// readSettings reads a legacy settings file.
func readSettings(path string) (*settings, error) {
	text, err := readLimited(path)
	if err != nil {
		return nil, err
	}
	return parseSettings(path, text), nil
}

// parseSettings accepts any text. It trims lines, keys and values, and skips blank lines and those that start with "#". A value may
// hold "=". Of two lines with the same key the first counts, as with PHP's define.
func parseSettings(path string, text []byte) *settings {
	s := &settings{Path: path, own: map[string]setting{}, misspelt: map[string]string{}}
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
	s.findMisspelt(seen)
	return s
}

// findMisspelt warns of keys that are like one of wsbridge's own that is not there. lines has the line of each key.
func (s *settings) findMisspelt(lines map[string]int) {
	absent := slices.DeleteFunc(ownSettings(), func(key string) bool { _, there := s.own[key]; return there })
	for _, key := range s.Constants {
		meant := Similar(key, absent)
		if len(meant) == 0 {
			continue
		}
		s.warn(lines[key], fmt.Sprintf("%s is only a constant of the application%s", key, DidYouMean(meant)))
		for _, own := range meant {
			s.misspelt[own] = fmt.Sprintf("line %d has %s", lines[key], key)
		}
	}
}

func (s *settings) keep(key string, v setting) {
	if slices.Contains(ownSettings(), key) {
		s.own[key] = v
		return
	}
	s.Constants = append(s.Constants, key)
}

func (s *settings) warn(line int, what string) {
	s.Warnings = append(s.Warnings, fmt.Sprintf("%s:%d: %s", s.Path, line, what))
}

// value returns a setting, or an empty string if it is missing.
func (s *settings) value(key string) string { return s.own[key].value }

// list returns the parts of a comma-separated setting, without blank ones.
func (s *settings) list(key string) []string {
	parts := []string{}
	for part := range strings.SplitSeq(s.value(key), ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// origin returns where a setting stands.
func (s *settings) origin(key string) origin {
	return origin{place: fmt.Sprintf("%s:%d", s.Path, s.own[key].line), name: key}
}
