package serve

import (
	"fmt"
	"maps"
	"slices"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// readTokens reads the files of control.token_file and control.tokens. No two tokens may be the same, since the log tells whose one was.
func readTokens(cfg *config.Control) (tokens []control.Token, err error) {
	add := func(name, key string, t config.Token) error {
		secret, err := api.ReadToken(t.File)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		fresh := control.NewToken(name, t.Role, secret)
		if i := slices.IndexFunc(tokens, fresh.Same); i >= 0 {
			return fmt.Errorf("%s: %s has the same token as %q: each needs one of its own", key, t.File, tokens[i].Name())
		}
		tokens = append(tokens, fresh)
		return nil
	}
	if cfg.TokenFile != "" {
		if err := add(config.TokenFileName, "control.token_file", config.Token{Role: config.RoleOperate, File: cfg.TokenFile}); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Tokens)) {
		if err := add(name, "control.tokens."+name, cfg.Tokens[name]); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}
