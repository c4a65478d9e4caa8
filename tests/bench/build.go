package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildCommit builds wsbridge, and its PHP half within it, from a commit of the repository that the working directory belongs
// to. The caller removes dir.
func buildCommit(ctx context.Context, commit string) (dir string, err error) {
	top, err := output(ctx, ".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	if _, err := output(ctx, top, "git", "cat-file", "-e", commit+"^{commit}"); err != nil {
		return "", fmt.Errorf("no such commit in %s: %w", top, err)
	}
	if dir, err = os.MkdirTemp("", "wsbridge-bench-"); err != nil {
		return "", err
	}
	tar := filepath.Join(dir, "source.tar")
	for _, command := range [][]string{
		{"git", "-C", top, "archive", "--output", tar, commit},
		{"tar", "-xf", tar},
		{"env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-o", builtBinary(dir), "./cmd/wsbridge"}, // as in the Makefile
	} {
		if _, err := output(ctx, dir, command[0], command[1:]...); err != nil {
			return "", errors.Join(err, os.RemoveAll(dir))
		}
	}
	return dir, nil
}

func builtBinary(dir string) string { return filepath.Join(dir, "built") }

// output runs a program in dir and returns what it wrote. An error holds what it wrote to stderr.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}
