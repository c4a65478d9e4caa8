package compose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// starting starts processes that leave others behind.
const starting = `<?php
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_fifo(&$server,&$sockets,&$connections,$data)
{
	for ($i=0;$i<5;$i++) { start_process_fifo("sh",array("-c","sleep 0.1 & echo begun"),0); }
}
function ws_process_eof(&$handle) { show_message("a process has ended"); }
`

const startingSettings = "WEBSOCKET_ENABLE=1\nWEBSOCKET_LISTENING_ADDRESS=0.0.0.0\nWEBSOCKET_LISTENING_PORT=8080\n" +
	"WEBSOCKET_XHR_PIPE_FILE=/tmp/pipe\nWEBSOCKET_EVENTS_INCLUDE_FILE=/app/push_server_events.php\n"

// The image with a php-fpm in it, without compose and its init.
func TestStandaloneLeavesNoZombies(t *testing.T) {
	p := prepare(t)
	image := p.name + "_standalone"
	build := []string{"docker", "build", "--quiet", "--target", "standalone", "--tag", image, "--file", root + "/deploy/docker/Dockerfile"}
	for _, base := range p.env[:2] { // DEBIAN_IMAGE and GO_IMAGE
		build = append(build, "--build-arg", base)
	}
	if _, err := (command{args: append(build, root), limit: harness.BuildPatience}).run(t); err != nil {
		t.Fatal(err)
	}
	app := t.TempDir()
	for name, content := range map[string]string{"push_server_events.php": starting, "settings": startingSettings} {
		if err := os.WriteFile(filepath.Join(app, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(app, 0o755); err != nil { // php-fpm is another user
		t.Fatal(err)
	}
	id := p.docker("run", "--detach", "--volume", app+":/app:ro", image, "serve", "--settings", "/app/settings")
	t.Cleanup(func() { p.docker("rm", "--force", "--volumes", id) })
	logs := func() string {
		out, err := command{args: []string{"sh", "-c", "docker logs " + id + " 2>&1"}}.run(t)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	p.eventually("wsbridge listens", func() bool { return strings.Contains(logs(), "listening") })
	p.docker("exec", id, "sh", "-c", "printf begin > /tmp/pipe")
	p.eventually("five processes have ended", func() bool { return strings.Count(logs(), "a process has ended") == 5 })
	p.eventually("none of them is left", func() bool {
		out := p.docker("exec", id, "sh", "-c", `for f in /proc/[0-9]*/stat; do cat "$f" 2>/dev/null; done; true`)
		return !strings.Contains(out, ") Z ") && !strings.Contains(out, "(sleep)")
	})
	if status := p.docker("stop", id); status != id {
		t.Errorf("stopped %s", status)
	}
	if got := p.docker("inspect", "--format", "{{.State.ExitCode}}", id); got != "0" {
		t.Errorf("exit status %s: %s", got, logs())
	}
}
