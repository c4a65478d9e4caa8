package phpfpm

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// versionTimeout bounds php-fpm -v, which loads every extension.
const versionTimeout = 10 * time.Second

// version is a version of PHP.
type version struct{ major, minor int }

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

// askVersion runs binary -v.
func askVersion(ctx context.Context, binary string) (version, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "-v").CombinedOutput()
	if err != nil {
		return version{}, fmt.Errorf("run %s -v: %w: %.200q", binary, err, out)
	}
	v, err := parseVersion(string(out))
	if err != nil {
		return version{}, fmt.Errorf("run %s -v: %w", binary, err)
	}
	return v, nil
}

// parseVersion reads "PHP 8.2.36 (fpm-fcgi) …", which may come after warnings of extensions.
func parseVersion(out string) (version, error) {
	for line := range strings.Lines(out) {
		rest, ok := strings.CutPrefix(line, "PHP ")
		if !ok || !strings.Contains(line, "(fpm-fcgi)") {
			continue
		}
		parts := strings.SplitN(rest, ".", 3)
		if len(parts) < 3 {
			continue
		}
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		if err1 == nil && err2 == nil {
			return version{major, minor}, nil
		}
	}
	return version{}, errors.New("no version of a php-fpm in its output")
}
