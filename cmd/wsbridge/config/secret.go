package config

import (
	"regexp"
	"slices"
	"strings"
)

// isSecret reports whether a key of a Config holds a secret by its name. One that only says where it lies, "token_file", does not.
func isSecret(key string) bool {
	words := nameWords(key)
	return slices.Contains([]string{"password", "secret", "token"}, words[len(words)-1])
}

// isHarmless reports whether a php.ini directive may be shown: by its name it is no secret, and its value is a number, a size, a
// switch, a path, or words without digits. Addresses and commands may carry a password, as in session.save_path =
// "tcp://redis?auth=…", and what extensions are given may be a key to somebody's service.
func isHarmless(name, value string) bool {
	secrets := []string{"password", "passwd", "pass", "pwd", "pw", "secret", "token", "auth", "credentials", "key", "license", "salt", "dsn"}
	named := slices.ContainsFunc(nameWords(name), func(word string) bool { return slices.Contains(secrets, word) })
	return !named && regexp.MustCompile(`^(-?[0-9]+[KMGkmg]?|[A-Za-z/_., -]{0,64}|/[A-Za-z0-9/_.-]{1,255})$`).MatchString(value)
}

func nameWords(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '.' || r == '_' || r == '-' })
}

// harmless returns the directives that may be shown, and the names of the others, sorted.
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
