package admission

import "strings"

// forwardedPair is name=value or nothing at all, and the sign or the end that follows it (RFC 7239, section 4). A value is a token or
// quoted (RFC 9110, section 5.6.4).
const forwardedPair = `(?s)^[ \t]*(?:([` + tokenChars + `]+)=(?:([` + tokenChars + `]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*([,;]|$)`

// parse reads the lines of a Forwarded header: for each element a map from its parameters, in lower case, to their values. Empty elements
// do not count. The error is errForwarded.
func (f Forwarding) parse(lines []string) ([]map[string]string, error) {
	unescape := strings.NewReplacer(`\\`, `\`, `\`, ``)
	var elements []map[string]string
	for _, line := range lines {
		element := map[string]string{}
		for ended := false; !ended; {
			m := f.pair.FindStringSubmatch(line)
			if m == nil {
				return nil, errForwarded
			}
			name, value, sign := strings.ToLower(m[1]), m[2]+unescape.Replace(m[3]), m[4]
			if _, twice := element[name]; twice {
				return nil, errForwarded
			}
			if name != "" {
				element[name] = value
			}
			if sign != ";" && len(element) > 0 {
				elements = append(elements, element)
				element = map[string]string{}
			}
			line, ended = line[len(m[0]):], sign == ""
		}
	}
	return elements, nil
}
