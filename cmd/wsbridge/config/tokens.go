package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/BurntSushi/toml"
)

// Role is what a token allows. The empty role allows what needs no token.
type Role string

// The roles. Each allows what the one before it does, and more.
const (
	RoleMetrics Role = "metrics" // the numbers for Prometheus
	RoleRead    Role = "read"    // everything that changes nothing, with rows and payloads
	RoleOperate Role = "operate" // everything
)

// Roles returns all roles, the smallest first.
func Roles() []Role { return []Role{RoleMetrics, RoleRead, RoleOperate} }

// Allows reports whether the role allows what needs the role needed.
func (r Role) Allows(needed Role) bool {
	return slices.Index(Roles(), r) >= slices.Index(Roles(), needed) // -1 for the empty role
}

// Token is a named token. Its holder is known by the name in the log.
type Token struct {
	Role Role   `toml:"role" json:"role"`
	File string `toml:"file" json:"file"` // absolute after loading
}

// TokenFileName is the name of the token of control.token_file.
const TokenFileName = "token_file"

// Tokens maps names to tokens.
type Tokens map[string]Token

// UnmarshalTOML accepts any names and texts. The checker reports each bad one.
func (t *Tokens) UnmarshalTOML(data any) error {
	table, ok := data.(map[string]any)
	if !ok {
		return errors.New(`want a table of tokens by name, such as { grafana = { role = "metrics", file = "grafana.token" } }`)
	}
	*t = Tokens{}
	for name, value := range table {
		members, ok := value.(map[string]any)
		role, isRole := members["role"].(string)
		file, isFile := members["file"].(string)
		if !ok || !isRole || !isFile || len(members) > 2 {
			return fmt.Errorf("want role and file, and nothing else, of the token %q, such as { role = \"metrics\", file = \"grafana.token\" }", name)
		}
		(*t)[name] = Token{Role: Role(role), File: file}
	}
	return nil
}

// String returns the tokens as an inline table of TOML.
func (t Tokens) String() string {
	if len(t) == 0 {
		return "{}"
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		pairs = append(pairs, fmt.Sprintf("%s = { role = %s, file = %s }",
			toml.Key{name}, valueTOML(string(t[name].Role)), valueTOML(t[name].File)))
	}
	return "{ " + strings.Join(pairs, ", ") + " }"
}

// absolute makes the paths of the files absolute. Those that are still relative start at dir.
func (t Tokens) absolute(dir string) {
	for name, token := range t {
		token.File = Absolute(dir, token.File)
		t[name] = token
	}
}

// tokens checks control.tokens. The lines of its keys are not known, so the table's line stands for them.
func (c *checker) tokens(tokens Tokens) {
	table := c.from.at("control.tokens")
	for _, name := range slices.Sorted(maps.Keys(tokens)) {
		token, key := tokens[name], table.name+"."+toml.Key{name}.String()
		problem := func(member string, value any, want string) {
			c.problems.add(origin{place: table.place, name: key + member}.problem(value, want))
		}
		if !regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`).MatchString(name) {
			problem("", name, "want a name of 1 to 64 letters, digits, dots, dashes and underscores")
		}
		if name == TokenFileName {
			problem("", name, "want another name: the token of control.token_file has this one")
		}
		if !slices.Contains(Roles(), token.Role) {
			problem(".role", string(token.Role), `want "metrics", "read" or "operate"`)
		}
		if token.File == "" || strings.ContainsFunc(token.File, unicode.IsControl) {
			problem(".file", token.File, "want the path of a file, without control characters")
		}
	}
}
