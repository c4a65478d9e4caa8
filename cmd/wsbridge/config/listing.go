package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Entry is a value that is in force.
type Entry struct {
	Key    string   `json:"key"`
	Value  any      `json:"value"`            // as in a TOML file: a duration or size has its unit
	Hidden []string `json:"hidden,omitempty"` // names of what Value lacks because it may be a secret
	From   string   `json:"from"`             // "file:line key", the flag, or "default"
	Usual  bool     `json:"default"`          // Value is the default, even if From sets it
	Reload Reload   `json:"reload"`
}

// List is Load, and also returns each value with its origin and its reload class, in the order of the annotated file.
func List(s Sources) (Config, []Entry, error) {
	l, err := load(s)
	if err != nil {
		return Config{}, nil, err
	}
	var entries []Entry
	defaults, classes := fields(&l.defaults), l.keys.reloads()
	for _, f := range list(&l.cfg) {
		v := reflect.ValueOf(f.value).Elem()
		e := Entry{Key: f.key, From: "default", Usual: reflect.DeepEqual(f.value, defaults[f.key]), Reload: classes[f.key]}
		if from, ok := l.from[f.key]; ok {
			e.From = from.listed()
		}
		e.Value, e.Hidden = shown(f.key, v)
		entries = append(entries, e)
	}
	return l.cfg, entries, nil
}

// shown returns a value as a TOML file has it, without possible secrets.
func shown(key string, v reflect.Value) (value any, hidden []string) {
	if ini, ok := v.Interface().(IniTable); ok {
		return ini.harmless()
	}
	if isSecret(key) && !v.IsZero() {
		return reflect.Zero(v.Type()).Interface(), []string{key}
	}
	if tokens, ok := v.Interface().(Tokens); ok { // a table in JSON
		return tokens, nil
	}
	if named, ok := v.Interface().(fmt.Stringer); ok {
		return named.String(), nil
	}
	return v.Interface(), nil
}

// listed returns the origin without the key of the TOML file, which stands beside it.
func (o origin) listed() string {
	switch {
	case o.place == "":
		return o.name
	case strings.Contains(o.name, "."): // a key of the TOML file
		return o.place
	}
	return o.place + " " + o.name
}

// String returns the entry as a line of a TOML file, with origin and reload class in a comment.
func (e Entry) String() string {
	_, name, _ := strings.Cut(e.Key, ".")
	line := name + " = " + valueTOML(e.Value) + "  # " + comment(e.From)
	if e.Reload != AtOnce {
		line += " (" + string(e.Reload) + ")"
	}
	for _, name := range e.Hidden {
		line += "\n# " + comment(name) + " is not shown: it may hold a password"
	}
	return line
}

// valueTOML returns the value of an Entry on one line. The library writes no value without a key, which is cut off, and a table as several
// lines.
func valueTOML(v any) string {
	switch table := v.(type) {
	case IniTable:
		return tableTOML(table)
	case HandlerModes:
		return tableTOML(table)
	case Tokens:
		return table.String()
	}
	text, err := toml.Marshal(map[string]any{"k": v})
	if err != nil {
		panic(fmt.Sprintf("config: write a value: %v", err)) // any value of a Config can be written
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(text), "k = "), "\n")
}

func tableTOML(table map[string]string) string {
	if len(table) == 0 {
		return "{}"
	}
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(table)) {
		pairs = append(pairs, valueTOML(key)+" = "+valueTOML(table[key]))
	}
	return "{ " + strings.Join(pairs, ", ") + " }"
}

// comment replaces characters that a TOML comment cannot hold.
func comment(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// FormatTOML returns the entries of List as a TOML file. Load reads it as the same configuration, except for what is hidden.
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

// isSecret reports whether the name of a key says that its value is a secret. The value of "token_file" is only a path.
func isSecret(key string) bool {
	words := nameWords(key)
	return slices.Contains([]string{"password", "secret", "token"}, words[len(words)-1])
}

// isHarmless reports whether a php.ini directive may be shown: its name suggests no secret, and its value is a number, a size, a
// switch, a path, or words without digits. Addresses and commands may hold a password (session.save_path = "tcp://redis?auth=…"),
// and settings of extensions a key.
func isHarmless(name, value string) bool {
	secrets := []string{"password", "passwd", "pass", "pwd", "pw", "secret", "token", "auth", "credentials", "key", "license", "salt", "dsn"}
	named := slices.ContainsFunc(nameWords(name), func(word string) bool { return slices.Contains(secrets, word) })
	return !named && regexp.MustCompile(`^(-?[0-9]+[KMGkmg]?|[A-Za-z/_., -]{0,64}|/[A-Za-z0-9/_.-]{1,255})$`).MatchString(value)
}

func nameWords(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '.' || r == '_' || r == '-' })
}

// harmless returns the directives that may be shown, and the sorted names of the others.
func (t IniTable) harmless() (shown IniTable, hidden []string) {
	shown = IniTable{}
	for name, value := range t {
		if isHarmless(name, value) {
			shown[name] = value
		} else {
			hidden = append(hidden, name)
		}
	}
	slices.Sort(hidden)
	return shown, hidden
}
