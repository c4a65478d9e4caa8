package phpfpm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// version is a version of PHP.
type version struct{ major, minor int }

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

// askVersion runs binary -v, which loads every extension.
func askVersion(ctx context.Context, binary string, log *slog.Logger) (version, error) {
	ctx, done := startWait(ctx, log, binary+" -v")
	defer done()
	cmd := exec.CommandContext(ctx, binary, "-v")
	cmd.WaitDelay = time.Second // a script's child may hold the output open
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = context.Cause(ctx) // not "signal: killed"
	}
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
