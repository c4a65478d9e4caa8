package admission

import (
	"errors"
	"path"
	"slices"
	"strings"
	"unicode"
)

// Paths are the request paths that are the server's. The zero value allows all.
type Paths struct{ patterns []string }

const wantPath = `want a path such as "/ws", or with a final slash, such as "/ws/", for all below it`

// ParsePaths reads paths. One with a final slash allows all that begin with it. The error joins a PatternError for each bad one.
func ParsePaths(patterns []string) (Paths, error) {
	var errs []error
	for _, p := range patterns {
		if !isCleanPath(p) || strings.ContainsFunc(p, unicode.IsControl) || strings.ContainsAny(p, "?#") {
			errs = append(errs, &PatternError{p, wantPath})
		}
	}
	return Paths{slices.Clone(patterns)}, errors.Join(errs...)
}

// isCleanPath reports whether p can be read in one way only.
func isCleanPath(p string) bool {
	clean := path.Clean(p)
	return strings.HasPrefix(p, "/") && (p == clean || p == clean+"/" && clean != "/")
}

// Allow reports whether p, decoded, is one of the server's. A path with ".", ".." or two slashes in it is not: the application may
// read it as another one.
func (ps Paths) Allow(p string) bool {
	if len(ps.patterns) == 0 {
		return true
	}
	return isCleanPath(p) && slices.ContainsFunc(ps.patterns, func(own string) bool {
		return p == own || strings.HasSuffix(own, "/") && strings.HasPrefix(p, own)
	})
}
