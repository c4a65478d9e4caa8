package compose

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// project is docker-compose.yml, up and running under a name of its own.
type project struct {
	t       *testing.T
	name    string
	compose []string // how to call docker compose, with the project's name
	env     []string
	address string // of nginx, host:port
}

// up builds the images and waits until all containers are healthy. The test's end removes containers, networks and
// volumes; the images stay, as they take minutes to build.
func up(t *testing.T, env ...string) *project {
	t.Helper()
	p := prepare(t, env...)
	p.clear() // what a killed test left
	t.Cleanup(p.clear)
	started := time.Now()
	p.mustRun("up", "--build", "--detach")
	t.Logf("build and up: %v", time.Since(started).Round(time.Second))
	t.Cleanup(func() {
		if t.Failed() {
			logs, err := p.run("logs", "--no-color", "--tail", "60")
			t.Log(logs, err)
		}
	})
	for _, service := range []string{"php", "wsbridge", "nginx"} {
		p.healthy(service)
	}
	p.address = p.docker("port", p.id("nginx"), "8080")
	return p
}

// prepare names the project after this checkout: another checkout has its own containers and images.
func prepare(t *testing.T, env ...string) *project {
	t.Helper()
	compose := composeCommand(t)
	folder, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	p := &project{t: t, name: fmt.Sprintf("wsbridge-test-%.4x", sha256.Sum256([]byte(folder)))}
	p.compose = append(compose, "--project-name", p.name, "--project-directory", folder, "-f", folder+"/docker-compose.yml")
	// An address without a port: the engine takes a free one.
	p.env = append(baseImages(t), append([]string{"LISTEN=127.0.0.1:"}, env...)...)
	return p
}

func (p *project) clear() {
	p.t.Helper()
	if _, err := p.run("down", "--volumes", "--remove-orphans"); err != nil {
		p.t.Errorf("clear away: %v", err)
	}
	// Each change of the program leaves the stage that compiled it before, a quarter of a gigabyte. A younger one may
	// belong to another build that still runs.
	p.docker("image", "prune", "--force", "--filter", "label=org.wsbridge.stage=build", "--filter", "until=24h")
}

// run calls docker compose.
func (p *project) run(args ...string) (string, error) {
	p.t.Helper()
	return command{args: slices.Concat(p.compose, args), env: p.env, limit: harness.BuildPatience}.run(p.t)
}

func (p *project) mustRun(args ...string) string {
	p.t.Helper()
	out, err := p.run(args...)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// id returns a service's container. The engine is asked itself: the older docker-compose takes a second for everything.
func (p *project) id(service string) string {
	p.t.Helper()
	label := "label=com.docker.compose."
	id := p.docker("ps", "--all", "--quiet", "--filter", label+"project="+p.name, "--filter", label+"service="+service)
	if id == "" || strings.Contains(id, "\n") {
		p.t.Fatalf("%s: want one container, got %q", service, id)
	}
	return id
}

func (p *project) docker(args ...string) string {
	p.t.Helper()
	out, err := command{args: append([]string{"docker"}, args...)}.run(p.t)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// exec runs a shell's command in a service's container, as the container's own user.
func (p *project) exec(service, script string) (string, error) {
	p.t.Helper()
	return command{args: []string{"docker", "exec", p.id(service), "sh", "-c", script}}.run(p.t)
}

// container is what docker inspect says of one.
type container struct {
	RestartCount int
	State        struct {
		Running bool
		Health  struct{ Status string }
	}
	Config     struct{ User string }
	HostConfig struct {
		ReadonlyRootfs bool
		CapDrop        []string
		SecurityOpt    []string
		Privileged     bool
	}
}

func (p *project) inspect(service string) (c container) {
	p.t.Helper()
	out := p.docker("inspect", "--format", "{{json .}}", p.id(service))
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		p.t.Fatal(err)
	}
	return c
}

func (p *project) healthy(service string) {
	p.t.Helper()
	p.eventually(service+" is healthy", func() bool {
		c := p.inspect(service)
		return c.State.Running && c.State.Health.Status == "healthy"
	})
}

// eventually waits for a condition that nothing announces.
func (p *project) eventually(what string, ok func() bool) {
	p.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(harness.Patience); !ok(); {
		select {
		case <-tick.C:
		case <-timeout:
			p.t.Fatalf("did not happen: %s", what)
		}
	}
}
