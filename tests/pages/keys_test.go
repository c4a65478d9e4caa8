package pages

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	keyPattern     = regexp.MustCompile("`([a-z]+)\\.([a-z_]+)(?: = [^`]*)?`")
	sectionPattern = regexp.MustCompile(`^\[([a-z]+)\]`)
	settingPattern = regexp.MustCompile(`^([a-z_]+) = `)
)

// Every key that a page names exists.
func TestKeysOfPagesExist(t *testing.T) {
	keys, sections, section := map[string]bool{}, map[string]bool{}, ""
	for line := range strings.Lines(readFile(t, "../../deploy/wsbridge.toml")) {
		if m := sectionPattern.FindStringSubmatch(line); m != nil {
			section = m[1]
			sections[section] = true
		} else if m := settingPattern.FindStringSubmatch(line); m != nil {
			keys[section+"."+m[1]] = true
		}
	}
	checked := 0
	for _, name := range append(pageNames(t), "../README.md") {
		for _, m := range keyPattern.FindAllStringSubmatch(readFile(t, filepath.Join(docs, name)), -1) {
			key := m[1] + "." + m[2]
			if !sections[m[1]] || key == "control.sock" { // a file
				continue
			}
			checked++
			if !keys[key] {
				t.Errorf("%s names %s, which is no key", name, key)
			}
		}
	}
	if checked == 0 {
		t.Error("no page names a key")
	}
}
