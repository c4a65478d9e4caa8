package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/deploy"
)

// annotated is the embedded wsbridge.toml. It defines the keys: what each means, its default, and whom a reload reaches. It sets
// each key in one line.
type annotated struct {
	document *document
	lines    []string
}

// readAnnotated and defaults panic if the embedded file is no configuration, which the tests rule out.
func readAnnotated() annotated {
	text := deploy.Config()
	d, err := parseDocument("wsbridge.toml", []byte(text), fields(new(Config)))
	if err != nil {
		panic(fmt.Sprintf("config: %v", err))
	}
	return annotated{d, strings.SplitAfter(text, "\n")}
}

// defaults returns the configuration in the file.
func (a annotated) defaults() (cfg Config) {
	if found, _ := a.document.decode(fields(&cfg), provenance{}); len(found) > 0 {
		panic(fmt.Sprintf("config: %v", found))
	}
	return cfg
}

// reloads returns the reload class of each key.
func (a annotated) reloads() map[string]Reload {
	classes := map[string]Reload{}
	for _, v := range a.document.values {
		_, mark := a.split(v)
		classes[v.key] = cmp.Or(Reload(mark), AtOnce)
	}
	return classes
}

// split returns the key on the value's line, without its table, and the mark in parentheses at the end, if there is one.
func (a annotated) split(v value) (name, mark string) {
	name, rest, _ := strings.Cut(a.lines[v.line-1], " = ")
	_, mark, _ = strings.Cut(rest, "  # (")
	return name, strings.TrimSuffix(mark, ")\n")
}

// fill returns the text of the file with the values of entries in place of the defaults, and their origins in comments.
func (a annotated) fill(entries map[string]Entry) string {
	lines := slices.Clone(a.lines)
	for _, v := range a.document.values {
		if e, ok := entries[v.key]; ok {
			lines[v.line-1] = e.String() + "\n"
		}
	}
	return strings.Join(lines, "")
}

// Annotate returns the annotated wsbridge.toml with the values that the legacy settings file at path decides. Load reads the result
// as it reads the settings file alone. The application's constants, which may be passwords, are not in it.
func Annotate(path string) (string, error) {
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
	return preface(cfg.Legacy.Settings) + readAnnotated().fill(decided), nil
}

// preface is the comment at the top of Annotate's result.
func preface(settings string) string {
	return fmt.Sprintf("# Written by wsbridge init from %s. What that file decides is set below, and wins over it from now on:\n"+
		"# delete a line to let the settings file decide again.\n#\n", comment(settings))
}
