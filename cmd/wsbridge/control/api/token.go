package api

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	minToken = 16
	maxToken = 4096
)

// ReadToken returns the token in a file without the white space around it. The token needs 16 to 4096 printable characters, and only the
// file's owner and group may read it.
func ReadToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("%s can be read by everybody (mode %04o): chmod o= %s", path, info.Mode().Perm(), path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	printable := !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
	if len(token) < minToken || len(token) > maxToken || !printable {
		return "", fmt.Errorf("%s: want a token of %d to %d printable characters without spaces, such as `openssl rand -hex 32` makes",
			path, minToken, maxToken)
	}
	return token, nil
}
