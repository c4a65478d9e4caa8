package phpfpm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotFound says that no php-fpm was found.
var ErrNotFound = errors.New("no php-fpm found")

const installHint = "install it (Debian, Ubuntu: apt install php-fpm; Fedora: dnf install php-fpm; Alpine: apk add php-fpm) " +
	"or configure the path of one"

// Find returns the absolute path of a php-fpm. binary is a path, a command name, or empty for any. Then php-fpm comes first, and
// after it the newest version. Find searches PATH and the folders of system programs, which on Debian are not in the PATH of
// users. The error wraps ErrNotFound and says what to install.
func Find(binary string) (string, error) {
	if strings.Contains(binary, "/") {
		if err := executable(binary); err != nil {
			return "", fmt.Errorf("%w: %w: %s", ErrNotFound, err, installHint)
		}
		return filepath.Abs(binary)
	}
	names := []string{binary}
	if binary == "" {
		names = candidates()
	}
	folders := append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin")
	for _, name := range names {
		for _, folder := range folders {
			path := filepath.Join(folder, name)
			if filepath.IsAbs(path) && executable(path) == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%w: none of %s in PATH, /usr/sbin or /usr/local/sbin: %s",
		ErrNotFound, strings.Join(names, ", "), installHint)
}

// candidates returns the names that distributions use: php-fpm8.2 (Debian), php-fpm82 (Alpine), php5-fpm (Debian 8).
func candidates() []string {
	names := []string{"php-fpm"}
	for _, version := range []string{"8.6", "8.5", "8.4", "8.3", "8.2", "8.1", "8.0", "7.4", "7.3", "7.2", "7.1", "7.0", "5.6"} {
		names = append(names, "php-fpm"+version, "php-fpm"+strings.ReplaceAll(version, ".", ""))
	}
	return append(names, "php5-fpm")
}

func executable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("%s is not an executable file", path)
	}
	return nil
}
