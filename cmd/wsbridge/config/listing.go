package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Entry is one value that is in force.
type Entry struct {
	Key    string   `json:"key"`
	Value  any      `json:"value"`            // as the TOML file has it: a duration or size with its unit
	Hidden []string `json:"hidden,omitempty"` // what of it may be a secret, and was left out: the names of php.ini directives
	From   string   `json:"from"`             // "file:line key", the flag, or "default"
	Usual  bool     `json:"default"`          // it is the default, whoever said so
	Reload Reload   `json:"reload"`
}

// List reads, joins and validates the sources as Load does and tells each value, where it came from, and when a reload puts a
// changed one into force.
func List(s Sources) (cfg Config, entries []Entry, err error) {
	cfg, from, err := load(s)
	if err != nil {
		return Config{}, nil, err
	}
	plain := Default()
	usual, classes := fields(&plain), readAnnotated().reloads()
	for _, f := range list(&cfg) {
		v := reflect.ValueOf(f.value).Elem()
		e := Entry{Key: f.key, From: from.at(f.key).listed(), Reload: classes[f.key],
			Usual: reflect.DeepEqual(v.Interface(), reflect.ValueOf(usual[f.key]).Elem().Interface())}
		if _, ok := from[f.key]; !ok {
			e.From = "default"
		}
		e.Value, e.Hidden = shown(f.key, v)
		entries = append(entries, e)
	}
	return cfg, entries, nil
}

// shown returns a value as it is written, without what may be a secret.
func shown(key string, v reflect.Value) (value any, hidden []string) {
	if ini, ok := v.Interface().(IniTable); ok {
		return ini.harmless()
	}
	if isSecret(key) && !v.IsZero() {
		return reflect.Zero(v.Type()).Interface(), []string{key}
	}
	if named, ok := v.Interface().(fmt.Stringer); ok {
		return named.String(), nil
	}
	return v.Interface(), nil
}

// listed is the origin for a reader who sees the key already.
func (o origin) listed() string {
	switch {
	case o.place == "":
		return o.name
	case strings.Contains(o.name, "."): // a key of the TOML file
		return o.place
	}
	return o.place + " " + o.name
}

// String is the entry as a line of a TOML file, with a comment that tells the rest.
func (e Entry) String() string {
	_, name, _ := strings.Cut(e.Key, ".")
	b := append([]byte(name), " = "...)
	b = appendTOML(b, reflect.ValueOf(e.Value))
	b = append(b, "  # "+comment(e.From)...)
	if e.Reload != AtOnce {
		b = append(b, " ("+string(e.Reload)+")"...)
	}
	for _, name := range e.Hidden {
		b = append(b, "\n# "+comment(name)+" is not shown: it may hold a password"...)
	}
	return string(b)
}

// comment makes text fit for a TOML comment; a path can hold anything.
func comment(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// FormatTOML writes entries, which List has returned, as a TOML file that Load reads as the same configuration, but for what is
// hidden.
func FormatTOML(entries []Entry) string {
	var b strings.Builder
	section := ""
	for _, e := range entries {
		if s, _, _ := strings.Cut(e.Key, "."); s != section {
			if section != "" {
				b.WriteByte('\n')
			}
			section = s
			fmt.Fprintf(&b, "[%s]\n", section)
		}
		b.WriteString(e.String() + "\n")
	}
	return b.String()
}
