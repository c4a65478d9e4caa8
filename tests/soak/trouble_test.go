package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// trouble is what happens to php-fpm, to the application's code and to the configuration.
type trouble struct {
	server *harness.Server
	fpm    *harness.FPM

	reloads, kills, deployments, configurations int // read when make has returned
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
		switch r.IntN(8) {
		case 0, 1:
			err = m.fpm.Reload()
			m.reloads++
		case 2, 3:
			err = m.deploy()
		case 4:
			err = m.configure()
		case 5:
			m.kill(m.one(r))
		default:
			m.kill(m.busiest(r))
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// one picks any worker of php-fpm, or 0 if there is none.
func (m *trouble) one(r *rand.Rand) int {
	pids := m.fpm.Workers()
	if len(pids) == 0 {
		return 0
	}
	return pids[r.IntN(len(pids))]
}

// busiest picks the resident worker that runs events, or else any.
func (m *trouble) busiest(r *rand.Rand) int {
	line := m.server.Log.Last("resident worker runs events")
	if line == nil {
		return m.one(r)
	}
	return int(line["pid"].(float64))
}

// kill kills a worker, whatever it is doing. One that has ended already is no loss, and its number may be another process's by now.
func (m *trouble) kill(pid int) {
	if slices.Contains(m.fpm.Workers(), pid) && syscall.Kill(pid, syscall.SIGKILL) == nil {
		m.kills++
	}
}

// deploy replaces the application's code.
func (m *trouble) deploy() error {
	m.deployments++
	return replace(m.server.Path("push_server_events.php"), fmt.Sprintf("<?php\n%s\n# version %d\n", application, m.deployments))
}

// configure changes how long an event may take: the requests to php-fpm and the resident workers are others afterwards.
func (m *trouble) configure() error {
	m.configurations++
	path := m.server.Path("wsbridge.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	toml, _, _ := strings.Cut(string(text), "php.timeout")
	if err := replace(path, fmt.Sprintf("%sphp.timeout = \"%ds\"\n", toml, 30+m.configurations%2)); err != nil {
		return err
	}
	return syscall.Kill(m.server.PID(), syscall.SIGHUP)
}

// replace writes another file and renames that, so that nobody ever sees half a file.
func replace(path, text string) error {
	beside := path + ".new"
	if err := os.WriteFile(beside, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

func (m *trouble) String() string {
	return fmt.Sprintf("%d reloads of php-fpm, %d workers killed, %d new versions of the code, %d of the configuration",
		m.reloads, m.kills, m.deployments, m.configurations)
}
