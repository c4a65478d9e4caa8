package config

import (
	"bytes"
	"fmt"
	"regexp"
)

var (
	phpTag     = regexp.MustCompile(`^(?:\x{FEFF})?\s*<\?`)
	settingSet = regexp.MustCompile(`(?m)^[\t ]*(WEBSOCKET_[A-Z_]+)[\t ]*=`)
	tomlLine   = regexp.MustCompile(`(?m)^[\t ]*(?:\[|[a-z_]+\.[a-z_]+[\t ]*=)`) // a section, or a dotted key
)

// otherFile returns an error if text is one of the application's files instead of a TOML file.
func otherFile(path string, text []byte) error {
	if phpTag.Match(text) {
		return configError(path + ":1: this is PHP code: --config wants a TOML file, and --settings the legacy settings file of KEY=VALUE lines")
	}
	found := settingSet.FindSubmatchIndex(text)
	if found == nil || tomlLine.Match(text) {
		return nil
	}
	line := 1 + bytes.Count(text[:found[2]], []byte("\n"))
	return configError(fmt.Sprintf("%s:%d: %s: this looks like the legacy settings file: name it with --settings instead of --config, "+
		"or as legacy.settings in a TOML file", path, line, text[found[2]:found[3]]))
}
