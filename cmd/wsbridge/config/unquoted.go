package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

var assignment = regexp.MustCompile(`^\s*([\w.-]+)\s*=\s*(.*?)(?:\s+#.*)?\s*$`)

// unquoted returns what to write in place of a line that the parser does not understand, if only quotes are missing in it: texts such as
// addresses, durations and paths need them. It begins with a colon.
func unquoted(line string) string {
	m := assignment.FindStringSubmatch(line)
	if m == nil {
		return ""
	}
	key, value := m[1], m[2]
	quoted := quote(value)
	switch {
	case quoted == value, !isValue(quoted):
		return ""
	case isValue(strings.ToLower(value)):
		return fmt.Sprintf(": write it small: %s = %s", key, quoted)
	}
	return fmt.Sprintf(": quote it: %s = %s", key, quoted)
}

// quote returns a valid value as it is, and puts quotes around any other, or around the items of a list.
func quote(value string) string {
	inner, isList := strings.CutPrefix(value, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	small := strings.ToLower(value)
	switch {
	case isValue(value), value == "", strings.ContainsAny(value, `"'`) && !isList:
		return value
	case small == "true", small == "false":
		return small
	case isList && closed:
		items := strings.Split(inner, ",")
		for i, item := range items {
			items[i] = quote(strings.TrimSpace(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return strconv.Quote(value)
}

func isValue(text string) bool {
	var v map[string]any
	_, err := toml.Decode("x = "+text, &v)
	return err == nil
}
