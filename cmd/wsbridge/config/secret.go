package config

import (
	"regexp"
	"slices"
	"strings"
)

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
