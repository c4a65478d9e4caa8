package config

import (
	"errors"
	"fmt"
	"strings"
)

// problems is everything found wrong with a configuration, so that it can be mended in one go.
type problems []string

func (p *problems) add(more ...string) { *p = append(*p, more...) }

// err returns nil if there are none.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Error is the one problem in one line, or all of them below a line that counts them.
func (p problems) Error() string {
	if len(p) == 1 {
		return p[0]
	}
	return fmt.Sprintf("%d problems in the configuration:\n  %s", len(p), strings.Join(p, "\n  "))
}

// Each returns the problems that an error of Load reports.
func Each(err error) []string {
	if p, ok := errors.AsType[problems](err); ok {
		return p
	}
	return []string{err.Error()}
}

// configError is the text of an unusable configuration.
type configError string

func (e configError) Error() string { return string(e) }
