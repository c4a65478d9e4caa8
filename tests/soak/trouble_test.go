package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// trouble is what happens to php-fpm and to the application's code.
type trouble struct {
	fpm    *harness.FPM
	events string // the application's file

	reloads, kills, deployments int // read when make has returned
}

// make makes trouble once or twice a second until ctx ends.
func (m *trouble) make(ctx context.Context, t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(300+r.IntN(1200)) * time.Millisecond):
		}
		var err error
		switch r.IntN(4) {
		case 0:
			err = m.fpm.Reload()
			m.reloads++
		case 1:
			err = m.deploy()
		default:
			m.kill(r)
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// kill kills a worker, whatever it is doing.
func (m *trouble) kill(r *rand.Rand) {
	pids := m.fpm.Workers()
	if len(pids) > 0 && syscall.Kill(pids[r.IntN(len(pids))], syscall.SIGKILL) == nil {
		m.kills++
	}
}

// deploy replaces the application's code. It writes another file and renames that, so that PHP never sees half a file.
func (m *trouble) deploy() error {
	m.deployments++
	code := fmt.Sprintf("<?php\n%s\n# version %d\n", application, m.deployments)
	beside := m.events + ".new"
	if err := os.WriteFile(beside, []byte(code), 0o644); err != nil {
		return err
	}
	return os.Rename(beside, m.events)
}
