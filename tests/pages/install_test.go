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
	out, err := harness.Command(t, harness.BuildPatience, "../../deploy/package/build", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("build packages: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "package: Go downloads what it does not have") {
		t.Errorf("it does not say what it downloads:\n%s", out)
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
	m.holds("/usr/share/wsbridge/php/WsbridgeControl.php", "/usr/share/wsbridge/php/ws_app.php", "/usr/share/wsbridge/client/wsbridge.js",
		"/usr/share/wsbridge/haproxy/wsbridge.cfg", "/usr/share/doc/wsbridge/docs/operating.md")
	m.holds(deployedFiles(t, installedPages+"/deploy")...)
	if version, commit := m.run("wsbridge version"), head(t); !strings.Contains(version, commit) {
		t.Errorf("the package is of commit %s, and says %s", commit, version)
	}
	m.follow(p, "2. Bring your handlers")

	m.run("systemctl disable --now php8.2-fpm") // as .ci/install leaves it
	m.follow(p, "With the distribution's php-fpm")
	c := m.connect("127.0.0.1:50000")
	c.Send("hello")
	c.Want("you said: hello")
	m.run(`test -S /run/php/wsbridge-resident.sock && pgrep -f 'php-fpm: pool wsbridge-resident$' -u www-data`)
	m.follow(p, "4. Talk to it")
	c.Want(`news: {"stock":12}`)
	harness.Eventually(t, "the status line tells of the client", func() bool {
		return strings.Contains(m.run("systemctl status wsbridge"), "1 client\"")
	})
	m.refusesMistakes(c)
	m.livesWith(p, c)
	m.outlivesKill()
	m.isWatched()
	m.hasNothingToComplainOf("wsbridge")
	m.hasPipeInTmp()
	m.refusesNobody(p)
	m.hasNothingToComplainOf("wsbridge")

	m.follow(p, "With a php-fpm of its own")
	own := m.connect("127.0.0.1:50001")
	own.Send("hello")
	own.Want("you said: hello")
	if user := m.run(`ps -o user= -p "$(pgrep -f 'php-fpm: pool wsbridge$' -u www-data -n)"`); user != "www-data" {
		t.Errorf("handlers run as %s", user)
	}
	if residents := m.run(`find /run/wsbridge-push -name resident.sock -user www-data -perm 600`); residents == "" {
		t.Error("its php-fpm has no pool for residents")
	}
	m.hasNothingToComplainOf("wsbridge@push")
	m.run("wsbridge status --config /etc/wsbridge/push.toml | grep 127.0.0.1:50001")

	m.isUpdated(m.connect("127.0.0.1:50000"), own)
	own = m.connect("127.0.0.1:50002")
	m.follow(p, "7. Remove it")
	if code, _ := own.Closed(); code != 1001 {
		t.Errorf("removal closed with %d", code)
	}
	m.hasForgotten()
}

// holds wants files that are not empty, and that everybody can read.
func (m *machine) holds(paths ...string) {
	m.t.Helper()
	for _, path := range paths {
		m.run("setpriv --reuid=nobody --clear-groups grep -q . " + path)
	}
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

// refusesMistakes reloads with a configuration that the next start would fail with.
func (m *machine) refusesMistakes(c *harness.Client) {
	m.t.Helper()
	m.run(`cp /etc/wsbridge/wsbridge.toml good.toml
echo 'mod = "0660"' >>/etc/wsbridge/wsbridge.toml
if systemctl reload wsbridge; then exit 1; fi
journalctl -u wsbridge | grep 'pipe.mod: unknown key'
systemctl is-active wsbridge
cp good.toml /etc/wsbridge/wsbridge.toml
systemctl reload wsbridge`)
	if got := c.Ask("still here"); got != "you said: still here" {
		m.t.Errorf("after reloads: got %q", got)
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

// outlivesKill kills wsbridge, which systemd starts anew. That runs the close event of the client that was there, from the journal.
func (m *machine) outlivesKill() {
	m.t.Helper()
	m.run(`cat >>/srv/push/push_server_events.php <<'PHP'
function ws_server_before_close(&$connections, &$connection) { show_message("somebody has left"); }
PHP
systemctl reset-failed wsbridge
systemctl restart wsbridge
wsbridge journal | grep /var/lib/wsbridge/journal`)
	harness.Eventually(m.t, "opcache has looked at the file", func() bool { // opcache.revalidate_freq
		return m.run(`wsbridge status | grep -c before_close || true`) != "0"
	})
	if got := m.connect("127.0.0.1:50000").Ask("x"); got != "you said: x" {
		m.t.Errorf("got %q", got)
	}
	m.run(`kill -KILL "$(systemctl show --value -p MainPID wsbridge)"`)
	harness.Eventually(m.t, "a close event after the next start", func() bool {
		return m.run(`journalctl -u wsbridge | grep -c 'somebody has left' || true`) == "1"
	})
	harness.Eventually(m.t, "it serves", func() bool { return m.run("systemctl is-active wsbridge || true") == "active" })
}

// isUpdated installs the package again, as an update does, with a client of either service. The second one is restarted at port 50002 in the end.
func (m *machine) isUpdated(c, own *harness.Client) {
	m.t.Helper()
	stay := func(what string) {
		m.t.Helper()
		for _, client := range []*harness.Client{c, own} {
			if got := client.Ask("x"); got != "you said: x" {
				m.t.Errorf("%s: got %q", what, got)
			}
		}
	}
	const processes = `for unit in wsbridge wsbridge@push; do systemctl show --value -p MainPID "$unit"; done`
	before := strings.Fields(m.run(processes))
	m.run("dpkg -i wsbridge_*.deb")
	stay("after an update")
	after := strings.Fields(m.run(processes))
	for i := range before {
		if after[i] == before[i] || after[i] == "0" {
			m.t.Errorf("main processes: before %v, after %v", before, after)
		}
	}
	m.run("test \"$(systemctl show --value -p NRestarts wsbridge@push)\" = 0")
	m.run(`echo 'mod = "0660"' >>/etc/wsbridge/push.toml
dpkg -i wsbridge_*.deb 2>&1 | grep 'wsbridge@push.service goes on with the old version'`)
	stay("with a mistake in a configuration")
	out := m.run(`sed -i '/^mod/d; s/50001/50002/' /etc/wsbridge/push.toml
dpkg -i wsbridge_*.deb 2>&1`)
	if !strings.Contains(out, "server.listen is 127.0.0.1:50002") || !strings.Contains(out, "wsbridge@push.service is restarted") {
		m.t.Errorf("another address: %s", out)
	}
	if code, _ := own.Closed(); code != 1001 {
		m.t.Errorf("a restart closed with %d", code)
	}
	if got := c.Ask("x"); got != "you said: x" {
		m.t.Errorf("another service: got %q", got)
	}
}

// hasPipeInTmp moves the pipe to /tmp, which the log warns of until the unit is changed as the page says.
func (m *machine) hasPipeInTmp() {
	m.t.Helper()
	m.run(`cp /etc/wsbridge/wsbridge.toml good.toml
sed -i 's|^path = .*|path = "/tmp/xhr_pipe"|' /etc/wsbridge/wsbridge.toml
systemctl reset-failed wsbridge
systemctl restart wsbridge
journalctl -u wsbridge | grep 'no other program can reach the pipe.*ReadWritePaths=/tmp'
test ! -e /tmp/xhr_pipe
mkdir -p /run/systemd/system/wsbridge.service.d
printf '[Service]\nPrivateTmp=no\nReadWritePaths=/tmp\n' >/run/systemd/system/wsbridge.service.d/tmp.conf
systemctl daemon-reload
systemctl restart wsbridge
test -p /tmp/xhr_pipe`)
	m.hasNothingToComplainOf("wsbridge")
	m.run(`rm -r /run/systemd/system/wsbridge.service.d
cp good.toml /etc/wsbridge/wsbridge.toml
systemctl daemon-reload
systemctl reset-failed wsbridge
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

// installedPages is where packages have README.md and docs.
const installedPages = "/usr/share/doc/wsbridge"

// deployedFiles returns the files of deploy that pages lead to, in a folder.
func deployedFiles(t *testing.T, folder string) (paths []string) {
	t.Helper()
	for _, name := range append(pageNames(t), "../README.md") {
		for _, target := range linksOf(t, filepath.Join(docs, name)) {
			if file, ok := strings.CutPrefix(filepath.Join("/docs", filepath.Dir(name), target), "/deploy/"); ok {
				paths = append(paths, filepath.Join(folder, file))
			}
		}
	}
	if len(paths) < 10 {
		t.Fatalf("pages lead to %q", paths)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
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
	wanted := append(deployedFiles(t, "/usr/share/wsbridge"), installedPages+"/deploy")
	for _, want := range append(wanted, "/usr/bin/wsbridge", "/etc/wsbridge/wsbridge.toml", "/usr/lib/systemd/system/wsbridge@.service",
		"/usr/share/man/man1/wsbridge-serve.1.gz", "/usr/share/man/man5/wsbridge.toml.5.gz", "/usr/share/zsh/site-functions/_wsbridge",
		"/usr/share/bash-completion/completions/wsbridge", "useradd --system",
		"/usr/share/wsbridge/php/WsbridgeControl.php", "/usr/share/wsbridge/php/ws_app.php", "/usr/share/wsbridge/client/wsbridge.js",
		"/usr/share/wsbridge/haproxy/wsbridge.cfg", "/usr/share/doc/wsbridge/docs/operating.md") {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}
