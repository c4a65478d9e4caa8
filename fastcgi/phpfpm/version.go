package phpfpm

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
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
	m := regexp.MustCompile(`(?m)^PHP (\d+)\.(\d+)\..*\(fpm-fcgi\)`).FindStringSubmatch(out)
	if m == nil {
		return version{}, errors.New("no version of a php-fpm in its output")
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return version{major, minor}, nil
}
