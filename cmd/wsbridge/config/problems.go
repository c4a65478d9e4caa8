package config

import (
	"errors"
	"fmt"
	"strings"
)

// problems is an error that lists everything that is wrong, so that it can be mended in one go.
type problems []string

func (p *problems) add(more ...string) { *p = append(*p, more...) }

// err returns p, or nil if there are no problems.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Error returns a single problem as one line, several below a line that counts them.
func (p problems) Error() string {
	if len(p) == 1 {
		return p[0]
	}
	return fmt.Sprintf("%d problems in the configuration:\n  %s", len(p), strings.Join(p, "\n  "))
}

// Each returns the problems that an error of Load lists.
func Each(err error) []string {
	if p, ok := errors.AsType[problems](err); ok {
		return p
	}
	return []string{err.Error()}
}

// configError is a single problem that ends reading.
type configError string

func (e configError) Error() string { return string(e) }
