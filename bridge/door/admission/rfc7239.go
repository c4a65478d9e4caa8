package admission

import "strings"

// parseForwarded reads the lines of a Forwarded header: for each element a map from its parameters, in lower case, to their values
// (RFC 7239, section 4). The error is errForwarded.
func parseForwarded(lines []string) ([]map[string]string, error) {
	var elements []map[string]string
	for _, line := range lines {
		for line = blank(line); line != ""; line = blank(line) {
			element, rest, err := parseElement(line)
			if err != nil {
				return nil, err
			}
			if len(element) > 0 { // an empty element of a list does not count
				elements = append(elements, element)
			}
			line = rest
		}
	}
	return elements, nil
}

// parseElement takes an element off the list, and the comma after it.
func parseElement(s string) (element map[string]string, rest string, err error) {
	element = map[string]string{}
	for {
		s = blank(s)
		if s != "" && s[0] != ',' && s[0] != ';' {
			name, value, rest, ok := parsePair(s)
			if _, twice := element[name]; !ok || twice {
				return nil, "", errForwarded
			}
			element[name] = value
			s = blank(rest)
		}
		switch {
		case s == "":
			return element, "", nil
		case s[0] == ',':
			return element, s[1:], nil
		case s[0] != ';':
			return nil, "", errForwarded
		}
		s = s[1:]
	}
}

// parsePair reads token=token or token="…", without blanks around the sign.
func parsePair(s string) (name, value, rest string, ok bool) {
	name, rest = CutToken(s)
	rest, ok = strings.CutPrefix(rest, "=")
	if name = strings.ToLower(name); name == "" || !ok {
		return "", "", "", false
	}
	if quoted, ok := strings.CutPrefix(rest, `"`); ok {
		value, rest, ok = parseQuoted(quoted)
		return name, value, rest, ok
	}
	value, rest = CutToken(rest)
	return name, value, rest, value != ""
}

// parseQuoted reads up to the closing quote (RFC 9110, section 5.6.4).
func parseQuoted(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

func blank(s string) string { return strings.TrimLeft(s, " \t") }
