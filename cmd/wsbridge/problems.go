package main

import (
	"fmt"
	"strings"
)

// problems is everything found wrong with a configuration, so that it can be mended in one go.
type problems []string

func (p *problems) add(more ...string) { *p = append(*p, more...) }

// err returns nil, the one problem in one line, or all of them below a line that counts them.
func (p problems) err() error {
	switch len(p) {
	case 0:
		return nil
	case 1:
		return configError(p[0])
	}
	return configError(fmt.Sprintf("%d problems in the configuration:\n  %s", len(p), strings.Join(p, "\n  ")))
}

// configError is the text of an unusable configuration.
type configError string

func (e configError) Error() string { return string(e) }
