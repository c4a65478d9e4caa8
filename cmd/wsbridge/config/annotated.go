package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// Annotate returns template, a TOML file with a line for each key, with the values of the legacy settings file at path in the place
// of those that it decides about, and a comment that says so. Load reads the result as it reads the settings file alone. Only what
// wsbridge itself reads gets in; the application's constants, passwords among them, stay where they are.
func Annotate(template, path string) (string, error) {
	cfg, entries, err := List(Sources{Settings: path})
	if err != nil {
		return "", err
	}
	decided := map[string]Entry{}
	for _, e := range entries {
		if e.From != "default" && e.Key != "php.settings_file" { // which follows legacy.settings
			decided[e.Key] = e
		}
	}
	if e, ok := decided["legacy.settings"]; ok {
		e.From = "its keys are PHP constants, too"
		decided[e.Key] = e
	}
	text, err := fill(template, decided)
	if err != nil {
		return "", err
	}
	return preface(cfg.Legacy.Settings) + text, nil
}

// preface says at the file's top what it is.
func preface(settings string) string {
	return fmt.Sprintf("# Written by wsbridge init from %s. What that file decides is set below, and wins over it from now on:\n"+
		"# delete a line to let the settings file decide again.\n#\n", comment(settings))
}

// fill puts the values of entries into the lines of their keys.
func fill(template string, entries map[string]Entry) (string, error) {
	line := regexp.MustCompile(`^([a-z_]+) = .*?(  # \(.*\))?\n$`)
	var b strings.Builder
	section, filled := "", 0
	for text := range strings.Lines(template) {
		if name, ok := strings.CutPrefix(text, "["); ok {
			section, _, _ = strings.Cut(name, "]")
		}
		if found := line.FindStringSubmatch(text); found != nil {
			if e, ok := entries[section+"."+found[1]]; ok {
				text = found[1] + " = " + string(appendTOML(nil, reflect.ValueOf(e.Value))) + "  # " + comment(e.From) +
					strings.TrimPrefix(found[2], "  #") + "\n"
				filled++
			}
		}
		b.WriteString(text)
	}
	if filled != len(entries) {
		return "", fmt.Errorf("fill in the annotated file: %d of %d values have a line", filled, len(entries))
	}
	return b.String(), nil
}
