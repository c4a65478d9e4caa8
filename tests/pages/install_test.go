package pages

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// makePackages returns the deb and the rpm of this checkout.
func makePackages(t *testing.T) (deb, rpm string) {
	t.Helper()
	dir := t.TempDir()
	if out, err := harness.Command(t, harness.BuildPatience, "../../deploy/package/build", dir).CombinedOutput(); err != nil {
		t.Fatalf("build packages: %v\n%s", err, out)
	}
	one := func(pattern string) string {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: got %q, %v", pattern, files, err)
		}
		return files[0]
	}
	return one("wsbridge_*.deb"), one("wsbridge-*.rpm")
}

func TestNewUserFollowsThePage(t *testing.T) {
	if testing.Short() {
		t.Skip("boots a machine")
	}
	t.Parallel()
	m := bootMachine(t)
	deb, rpm := makePackages(t)
	t.Run("rpm", func(t *testing.T) { checkRPM(t, rpm) })
	p := readPage(t, "../../docs/install.md")
	m.put(deb)
	m.follow(p, "1. Install")
	if state := m.run("systemctl is-active wsbridge || true"); state != "inactive" {
		t.Errorf("after installing, the service is %s", state)
	}
	m.follow(p, "2. Bring your handlers")

	m.follow(p, "With the distribution's php-fpm")
	c := m.connect("127.0.0.1:50000")
	c.Send("hello")
	c.Want("you said: hello")
	m.follow(p, "4. Talk to it")
	c.Want(`news: {"stock":12}`)
	harness.Eventually(t, "the status line tells of the client", func() bool {
		return strings.Contains(m.run("systemctl status wsbridge"), "1 clients")
	})
	m.livesWith(p, c)
	m.isWatched()
	m.hasNothingToComplainOf("wsbridge")
	m.refusesNobody(p)
	m.hasNothingToComplainOf("wsbridge")

	m.follow(p, "With a php-fpm of its own")
	own := m.connect("127.0.0.1:50001")
	own.Send("hello")
	own.Want("you said: hello")
	if user := m.run(`ps -o user= -p "$(pgrep -f 'php-fpm: pool wsbridge$' -u www-data -n)"`); user != "www-data" {
		t.Errorf("handlers run as %s", user)
	}
	m.hasNothingToComplainOf("wsbridge@push")

	m.run("dpkg -i wsbridge_*.deb") // as an update does
	if code, _ := own.Closed(); code != 1001 {
		t.Errorf("an update closed with %d", code)
	}
	own = m.connect("127.0.0.1:50001")
	m.follow(p, "6. Remove it")
	if code, _ := own.Closed(); code != 1001 {
		t.Errorf("removal closed with %d", code)
	}
	m.hasForgotten()
}

// livesWith reloads, which drops no client, and restarts, which tells all clients.
func (m *machine) livesWith(p page, c *harness.Client) {
	m.t.Helper()
	blocks := p["5. Run it"]
	if len(blocks) != 3 {
		m.t.Fatalf("the page has %d blocks about running it", len(blocks))
	}
	for _, block := range blocks[:2] {
		m.run(block)
	}
	if got := c.Ask("again"); got != "you said: again" {
		m.t.Errorf("after a reload: got %q", got)
	}
	m.run(blocks[2])
	if code, _ := c.Closed(); code != 1001 {
		m.t.Errorf("a restart closed with %d", code)
	}
	if got := m.connect("127.0.0.1:50000").Ask("x"); got != "you said: x" {
		m.t.Errorf("after a restart: got %q", got)
	}
}

// isWatched stops wsbridge, which systemd must notice and start anew.
func (m *machine) isWatched() {
	m.t.Helper()
	m.run(`mkdir -p /run/systemd/system/wsbridge.service.d
printf '[Service]\nWatchdogSec=2\n' >/run/systemd/system/wsbridge.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart wsbridge
kill -STOP "$(systemctl show --value -p MainPID wsbridge)"`)
	harness.Eventually(m.t, "systemd starts it anew", func() bool {
		return m.run("systemctl show --value -p NRestarts wsbridge") != "0" && m.run("systemctl is-active wsbridge || true") == "active"
	})
	m.run(`journalctl -u wsbridge | grep -c 'SIGABRT: abort'
rm -r /run/systemd/system/wsbridge.service.d
systemctl daemon-reload
systemctl restart wsbridge`)
}

// refusesNobody restarts while clients connect.
func (m *machine) refusesNobody(p page) {
	m.t.Helper()
	m.follow(p, "Restarts without refused clients")
	restart := m.shell(harness.Patience, "systemctl restart wsbridge")
	if err := restart.Start(); err != nil {
		m.t.Fatal(err)
	}
	for range 20 {
		if got := m.connect("127.0.0.1:50000").Ask("x"); got != "you said: x" {
			m.t.Errorf("during a restart: got %q", got)
		}
	}
	if err := restart.Wait(); err != nil {
		m.t.Errorf("restart: %v", err)
	}
}

// hasNothingToComplainOf wants no warnings in the log of a unit's last run.
func (m *machine) hasNothingToComplainOf(unit string) {
	m.t.Helper()
	journal := func(options string) string {
		return m.run("journalctl --quiet -o cat " + options + ` _SYSTEMD_INVOCATION_ID="$(systemctl show --value -p InvocationID ` + unit + `)"`)
	}
	if log := journal(""); !strings.Contains(log, "msg=listening") {
		m.t.Errorf("%s: this is no log:\n%s", unit, log)
	}
	if complaints := journal("--priority=warning"); complaints != "" {
		m.t.Errorf("%s: %s", unit, complaints)
	}
}

// hasForgotten waits until a purge has left nothing. php-fpm takes a moment to reload.
func (m *machine) hasForgotten() {
	m.t.Helper()
	var left []string
	defer func() {
		if len(left) > 0 {
			m.t.Logf("a purge has left %q", left)
		}
	}()
	harness.Eventually(m.t, "nothing is left", func() bool {
		left = m.leftovers()
		return len(left) == 0
	})
}

// leftovers lists files, accounts and units of wsbridge.
func (m *machine) leftovers() []string {
	m.t.Helper()
	found := m.run(`find / -xdev \( -path /proc -o -path /sys -o -path /var/log -o -path /var/cache/apt \) -prune -o -name '*wsbridge*' -print
find /run -name '*wsbridge*'
getent passwd wsbridge || true
getent group wsbridge || true
systemctl list-units --all --no-legend 'wsbridge*'`)
	return slices.DeleteFunc(strings.Fields(found), func(path string) bool { return strings.HasPrefix(path, "/root/wsbridge_") })
}

// checkRPM looks into the rpm, which no machine here installs.
func checkRPM(t *testing.T, rpm string) {
	if _, err := exec.LookPath("rpm"); err != nil {
		t.Skip("there is no rpm to look into the package with (Debian: apt-get install rpm)")
	}
	var out []byte
	for _, query := range []string{"--list", "--scripts"} {
		answer, err := harness.Command(t, harness.Patience, "rpm", "-qp", query, rpm).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, answer)
		}
		out = append(out, answer...)
	}
	for _, want := range []string{"/usr/bin/wsbridge", "/etc/wsbridge/wsbridge.toml", "/usr/lib/systemd/system/wsbridge@.service",
		"/usr/share/man/man1/wsbridge-serve.1.gz", "/usr/share/man/man5/wsbridge.toml.5.gz", "/usr/share/zsh/site-functions/_wsbridge",
		"/usr/share/bash-completion/completions/wsbridge", "useradd --system"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}
