// Package compose brings up docker-compose.yml as its users do, with real images, and lets things fail in it. Where
// there is no Docker engine, its tests are skipped.
package compose

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// One test, since bringing the containers up takes longer than all of its parts, which run in this order.
func TestCompose(t *testing.T) {
	p := up(t)
	t.Run("containers have no rights to spare", func(t *testing.T) { p.in(t).confined() })
	t.Run("nginx serves the page and nothing beside it", func(t *testing.T) { p.in(t).page(); p.in(t).pageFiles() })
	anna, bert := p.connect("Anna"), p.connect("Bert")
	t.Run("clients reach each other through nginx", func(t *testing.T) {
		anna.say("Grüße")
		wantMessage(t, "Anna", "Grüße", anna, bert)
	})
	t.Run("rows have the address that nginx sees", func(t *testing.T) { p.in(t).addresses() })
	t.Run("commands find the server in its container", func(t *testing.T) { p.in(t).operated() })
	t.Run("php-fpm has a pool for residents", func(t *testing.T) { p.in(t).residentPool() })
	t.Run("the pipe is there for php", func(t *testing.T) { p.in(t).pipe(anna, bert) })
	t.Run("no other process takes wsbridge's place", func(t *testing.T) { p.in(t).refusesUpgrade(anna, bert) })
	t.Run("php-fpm is killed, and the clients stay", func(t *testing.T) { p.in(t).killPHP(anna, bert) })
	t.Run("wsbridge stops, and tells its clients", func(t *testing.T) { p.in(t).stopWsbridge(anna, bert) })
	t.Run("wsbridge comes back behind the same nginx", func(t *testing.T) { p.in(t).startWsbridge() })
	t.Run("wsbridge is killed, and its journal says who was there", func(t *testing.T) { p.in(t).killWsbridge() })
	t.Run("all stop at once, and clients are told", func(t *testing.T) { p.in(t).stopAll() })
}

func TestComposeServesHandlersOfOnesOwn(t *testing.T) {
	handlers := t.TempDir()
	if err := os.Chmod(handlers, 0o755); err != nil { // php-fpm is another user
		t.Fatal(err)
	}
	app := `<?php
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_open(&$connections,&$connection,$client_key)
{
	send_text($client_key,json_encode(array("event"=>"welcome","text"=>getenv("PHP_WORKERS"))));
}
`
	if err := os.WriteFile(filepath.Join(handlers, "push_server_events.php"), []byte(app), 0o644); err != nil {
		t.Fatal(err)
	}
	p := up(t, "HANDLERS="+handlers, "PHP_WORKERS=3")
	p.connect("anybody")
	if logs, err := p.run("logs", "--no-color", "wsbridge"); err != nil || !strings.Contains(logs, `"connections":3`) {
		t.Errorf("wsbridge does not use three workers: %v\n%s", err, logs)
	}
}

func TestComposeFilesAreValid(t *testing.T) {
	p := prepare(t)
	p.mustRun("config", "--quiet")
	autobahn := append(composeCommand(t), "-f", root+"/deploy/autobahn/docker-compose.yml", "config", "--quiet")
	if _, err := (command{args: autobahn}).run(t); err != nil {
		t.Error(err)
	}
}

// in returns the project for a subtest, which is then the one that fails.
func (p *project) in(t *testing.T) *project {
	sub := *p
	sub.t = t
	return &sub
}

func (p *project) confined() {
	for _, service := range []string{"php", "wsbridge", "nginx"} {
		c := p.inspect(service)
		if c.Config.User != "www-data" || !c.HostConfig.ReadonlyRootfs || c.HostConfig.Privileged ||
			!slices.Equal(c.HostConfig.CapDrop, []string{"ALL"}) || !slices.Contains(c.HostConfig.SecurityOpt, "no-new-privileges:true") {
			p.t.Errorf("%s: got %+v", service, c)
		}
		out, err := p.exec(service, `for f in / /etc /usr/local/bin /var/tmp /app; do
	touch "$f/x" 2>/dev/null && echo "writes to $f"
done
id -u; grep ^CapEff /proc/1/status`)
		if want := "33\nCapEff:\t0000000000000000"; err != nil || out != want {
			p.t.Errorf("%s: got %q, %v; want %q", service, out, err, want)
		}
	}
	if out, err := p.exec("php", "touch /run/wsbridge/x 2>&1"); err == nil {
		p.t.Errorf("php writes to wsbridge's folder: %q", out)
	}
	if out, err := p.exec("nginx", "ls /run/php-fpm /run/wsbridge 2>&1"); err == nil {
		p.t.Errorf("nginx sees php-fpm's socket: %q", out)
	}
}

func (p *project) page() {
	for path, want := range map[string]int{
		"/":                        http.StatusOK,
		"/?name=Anna":              http.StatusOK,
		"/push_server_events.php":  http.StatusUpgradeRequired,
		"/app/index.html":          http.StatusUpgradeRequired,
		"//index.html/../x.php":    http.StatusUpgradeRequired,
		"/..%2fetc/passwd":         http.StatusBadRequest,
		"/index.html":              http.StatusOK,
		"/push_server_events.php/": http.StatusUpgradeRequired,
		"/page/index.html":         http.StatusUpgradeRequired,
	} {
		status, body := p.get(path)
		if status != want {
			p.t.Errorf("%s: got %d, want %d", path, status, want)
		}
		isPage := strings.Contains(body, "<title>wsbridge chat</title>")
		if isPage != (want == http.StatusOK) || strings.Contains(body, "<?php") {
			p.t.Errorf("%s: got %.200q", path, body)
		}
	}
}

func (p *project) pageFiles() {
	for _, path := range []string{"/chat.css", "/chat.js", "/wsbridge.js", "/icon.svg"} {
		if status, _ := p.get(path); status != http.StatusOK {
			p.t.Errorf("%s: got %d", path, status)
		}
	}
	if status, _ := p.get("/nothing.css"); status != http.StatusNotFound {
		p.t.Errorf("a file that is not there: got %d", status)
	}
}

func (p *project) get(path string) (status int, body string) {
	p.t.Helper()
	client := &http.Client{Timeout: harness.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	return harness.Fetch(p.t, client, httptest.NewRequest(http.MethodGet, "http://"+p.address+path, nil))
}

// addresses expects every row to have the address of the network's gateway, by which clients from this machine come to nginx. Those of
// connect claim another.
func (p *project) addresses() {
	gateway := p.docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}", p.id("nginx"))
	out, err := p.exec("wsbridge", "wsbridge connections --state OPEN")
	rows := strings.Count(out, "OPEN")
	seen := regexp.MustCompile(`OPEN +`+regexp.QuoteMeta(gateway)+`(:\d+)? `).FindAllString(out, -1)
	if err != nil || rows == 0 || len(seen) != rows {
		p.t.Errorf("want %s in each row: got %s, %v", gateway, out, err)
	}
}

// residentPool asks the pool for resident workers what it is. By default there are 8 workers, and 4 more residents.
func (p *project) residentPool() {
	out, err := p.exec("php", "SCRIPT_NAME=/status SCRIPT_FILENAME=/status REQUEST_METHOD=GET cgi-fcgi -bind -connect /run/php-fpm/resident.sock")
	for _, want := range []string{`wsbridge-resident\s`, `process manager: +static\s`, `total processes: +12\s`} {
		if err != nil || !regexp.MustCompile(want).MatchString(out) {
			p.t.Errorf("no %s: got %q, %v", want, out, err)
		}
	}
}

// operated runs commands for the server where the page says.
func (p *project) operated() {
	for command, want := range map[string]string{
		"status": "takes clients", "connections": "OPEN", "reload --config /etc/wsbridge/wsbridge.toml": "nothing has changed",
	} {
		if out, err := p.exec("wsbridge", "wsbridge "+command); err != nil || !strings.Contains(out, want) {
			p.t.Errorf("%s: got %q, %v", command, out, err)
		}
	}
	commit, err := command{args: []string{"git", "-C", root, "rev-parse", "--short=12", "HEAD"}}.run(p.t)
	if info, statErr := os.Stat(root + "/.git"); err != nil || statErr != nil || !info.IsDir() {
		return // a worktree or an archive: the image cannot know the commit
	}
	if out, err := p.exec("wsbridge", "wsbridge version"); err != nil || !strings.Contains(out, strings.TrimSpace(commit)) {
		p.t.Errorf("version: got %q, %v", out, err)
	}
}

func (p *project) pipe(clients ...*client) {
	if out, err := p.exec("php", `echo '{"to":"*","text":"from a shell"}' > /run/wsbridge/pipe`); err != nil {
		p.t.Fatal(out, err)
	}
	wantMessage(p.t, "server", "from a shell", clients...)
	// A web application in a container of its own is another user, of the same group.
	p.docker("exec", "--user", "1000:33", p.id("php"), "sh", "-c", `echo '{"to":"*","text":"from the web"}' > /run/wsbridge/pipe`)
	wantMessage(p.t, "server", "from the web", clients...)
}

// killPHP kills php-fpm's master, the container's first process, and with it the container.
func (p *project) killPHP(anna, bert *client) {
	before := p.inspect("php").RestartCount
	p.exec("php", `kill -KILL "$(cat /run/php-fpm/php-fpm.pid)"`) // its exit status is that of the container's end
	harness.Eventually(p.t, "the worker has ended", func() bool { // what it has begun would be lost
		logs, err := p.run("logs", "--no-color", "wsbridge")
		return err == nil && strings.Contains(logs, "answer was cut off")
	})
	anna.say("are you there?")
	wantMessage(p.t, "Anna", "are you there?", anna, bert)
	if after := p.inspect("php").RestartCount; after != before+1 {
		p.t.Errorf("php was started again %d times, want once", after-before)
	}
	p.healthy("php")
	p.healthy("wsbridge")
}

func (p *project) stopWsbridge(clients ...*client) {
	p.mustRun("stop", "wsbridge")
	for _, c := range clients {
		if code := c.closed(); code != 1001 {
			p.t.Errorf("closed with %d, want 1001", code)
		}
	}
	if status, body := p.get("/x"); status != http.StatusBadGateway {
		p.t.Errorf("without wsbridge: got %d %q", status, body)
	}
}

// refusesUpgrade asks for what would end the container: its init ends when the process that it has started does.
func (p *project) refusesUpgrade(anna, bert *client) {
	before := p.inspect("wsbridge").RestartCount
	out, err := p.exec("wsbridge", "wsbridge upgrade 2>&1")
	if err == nil || !strings.Contains(out, "process 1 has started wsbridge here") {
		p.t.Errorf("got %q, %v", out, err)
	}
	anna.say("still here")
	wantMessage(p.t, "Anna", "still here", anna, bert)
	if after := p.inspect("wsbridge").RestartCount; after != before {
		p.t.Errorf("the container was started again %d times", after-before)
	}
}

// killWsbridge kills the server, and with it the container. The next one owes the client that was there its close event.
func (p *project) killWsbridge() {
	p.connect("Dora")
	if out, err := p.exec("wsbridge", "stat -c '%u %g %a' /var/lib/wsbridge /var/lib/wsbridge/journal; wsbridge journal"); err != nil ||
		!strings.HasPrefix(out, "33 33 700\n33 33 700\n") || !strings.Contains(out, "/var/lib/wsbridge/journal") {
		p.t.Errorf("got %q, %v", out, err)
	}
	before := p.inspect("wsbridge").RestartCount
	p.exec("wsbridge", `kill -KILL $(cat /proc/1/task/1/children)`) // its exit status is that of the container's end
	p.eventually("the container is started again", func() bool { return p.inspect("wsbridge").RestartCount == before+1 })
	p.healthy("wsbridge")
	if logs := p.mustRun("logs", "--no-color", "wsbridge"); !strings.Contains(logs, "close events have run") {
		p.t.Errorf("no close event has run:\n%s", tail(logs))
	}
	p.connect("Dora")
}

func (p *project) startWsbridge() {
	p.mustRun("start", "wsbridge")
	p.healthy("wsbridge")
	p.connect("Anna")
}

func (p *project) stopAll() {
	c := p.connect("Carl")
	stopped := make(chan error, 1)
	go func() {
		_, err := p.run("stop")
		stopped <- err
	}()
	code := c.closed()
	if err := <-stopped; err != nil {
		p.t.Error(err)
	}
	if code != 1001 {
		p.t.Errorf("closed with %d, want 1001", code)
	}
}
