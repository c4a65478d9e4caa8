package compose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// root is the project's folder.
const root = "../.."

// Images to build from, made by .ci/baseimage where the environment names no others.
const (
	localDebian = "wsbridge-base/debian:bookworm"
	localGo     = "wsbridge-base/golang:1.26"
)

// composeCommand returns how to call docker compose here, the plugin or the older program.
func composeCommand(t *testing.T) []string {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "docker", "version").CombinedOutput(); err != nil {
		t.Skipf("no Docker engine answers, so nothing is composed: %v\n%s", err, out)
	}
	if exec.CommandContext(t.Context(), "docker", "compose", "version").Run() == nil {
		return []string{"docker", "compose"}
	}
	if _, err := exec.LookPath("docker-compose"); err != nil {
		t.Skip("there is a Docker engine, but neither docker compose nor docker-compose")
	}
	return []string{"docker-compose"}
}

// baseImages returns the environment's GO_IMAGE and DEBIAN_IMAGE; those it does not have are made on this machine.
func baseImages(t *testing.T) []string {
	t.Helper()
	debian, golang := os.Getenv("DEBIAN_IMAGE"), os.Getenv("GO_IMAGE")
	if debian == "" {
		debian = localDebian
		makeImage(t, "debian", debian)
	}
	if golang == "" {
		golang = localGo
		makeImage(t, "debian", localDebian)
		makeImage(t, "golang", golang, localDebian)
	}
	return []string{"DEBIAN_IMAGE=" + debian, "GO_IMAGE=" + golang}
}

func makeImage(t *testing.T, args ...string) {
	t.Helper()
	started := time.Now()
	_, err := command{args: append([]string{root + "/.ci/baseimage"}, args...), limit: harness.BuildPatience}.run(t)
	if err != nil {
		t.Fatalf("make a base image (DEBIAN_IMAGE and GO_IMAGE would name images to pull instead): %v", err)
	}
	t.Logf("base image %s: %v", args[1], time.Since(started).Round(time.Second))
}

// command is a program that ends by itself.
type command struct {
	args  []string
	env   []string      // in addition to this process's
	limit time.Duration // harness.Patience if 0
}

// run returns what the program wrote to standard output; an error has the rest.
func (c command) run(t *testing.T) (string, error) {
	t.Helper()
	if c.limit == 0 {
		c.limit = harness.Patience
	}
	// The test's context ends before the cleanup stops the containers.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), c.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		err = errors.Join(err, fmt.Errorf("took more than %v", c.limit))
	}
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", strings.Join(c.args, " "), err, tail(stdout.String()), tail(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), err
}

// tail returns the last lines of an output: a build writes thousands.
func tail(s string) string {
	const enough = 4000
	return s[max(0, len(s)-enough):]
}
