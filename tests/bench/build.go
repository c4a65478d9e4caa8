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

// buildCommit builds wsbridge, with the PHP half of that time in it, from a commit of the repository that the working directory belongs
// to. The caller removes dir.
func buildCommit(ctx context.Context, commit string) (dir string, err error) {
	dir, err = os.MkdirTemp("", "wsbridge-bench-")
	if err != nil {
		return "", err
	}
	if err := buildInto(ctx, dir, commit); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

func buildInto(ctx context.Context, dir, commit string) error {
	top, err := output(ctx, ".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	if _, err := output(ctx, top, "git", "rev-parse", "--verify", "--end-of-options", commit+"^{commit}"); err != nil {
		return fmt.Errorf("-against: %w", err)
	}
	tar := filepath.Join(dir, "source.tar")
	for _, command := range [][]string{
		{"git", "-C", top, "archive", "--output", tar, commit},
		{"tar", "-xf", tar},
		{"env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-o", builtBinary(dir), "./cmd/wsbridge"}, // as in the Makefile
	} {
		if _, err := output(ctx, dir, command[0], command[1:]...); err != nil {
			return fmt.Errorf("build %s: %w", commit, err)
		}
	}
	return nil
}

func builtBinary(dir string) string { return filepath.Join(dir, "wsbridge.built") }

// output runs a program in dir and returns what it wrote; an error has what it wrote to stderr.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", cmd, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}
