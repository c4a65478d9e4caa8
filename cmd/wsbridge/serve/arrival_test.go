package serve

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// TestReloadBringsEachValueToItsPlace reloads for each key that a reload changes and looks at the value where it is used. A key
// without a row in arrivals fails: say there where it is used, and see that a reload gets it there.
func TestReloadBringsEachValueToItsPlace(t *testing.T) {
	r := run(t)
	rows := arrivals(t, r.dir, externalFPM(t))
	for _, key := range keysThatReloadsChange(t, r) {
		row, ok := rows[key]
		if !ok {
			t.Errorf("%s: no row says where it is used", key)
			continue
		}
		delete(rows, key)
		t.Run(key, func(t *testing.T) {
			if asRoot := key == "php.user" || key == "php.group"; asRoot && os.Geteuid() != 0 {
				t.Skip("only root can run workers as somebody else")
			}
			r.t = t
			row.check(r, key)
		})
	}
	for key := range rows {
		t.Errorf("%s: a reload does not change it, or it is no key", key)
	}
	r.t = t
	r.reload(map[string]string{"server.drain_timeout": `"7s"`, "php.timeout": `"8s"`})
	r.stop()
	if got, want := r.told(), "EXTEND_TIMEOUT_USEC=38000000"; !strings.Contains(got, want) {
		t.Errorf("the service manager was told %q, want %s", got, want)
	}
}

// check reloads with the row's value, which must not be there before.
func (a *arrival) check(r *running, key string) {
	r.t.Helper()
	if a.with != nil {
		r.reload(a.with)
	}
	if before := a.see(r); reflect.DeepEqual(before, a.want) {
		r.t.Errorf("%v is there before the reload", before)
	}
	with := map[string]string{key: a.value}
	maps.Copy(with, a.with)
	if change := r.reload(with); !slices.Contains(change.Applied, key) {
		r.t.Errorf("applied %q", change.Applied)
	}
	var got values
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got = a.see(r); reflect.DeepEqual(got, a.want) {
			return
		}
	}
	r.t.Errorf("got %v, want %v", got, a.want)
}

// keysThatReloadsChange returns the keys of classes AtOnce and NewClients, in the file's order.
func keysThatReloadsChange(t *testing.T, r *running) (keys []string) {
	t.Helper()
	_, entries, err := config.List(config.Sources{Config: r.file()})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Reload != config.Restart && !strings.HasPrefix(e.Key, "server.acme") { // tests/acme reloads these, with an authority
			keys = append(keys, e.Key)
		}
	}
	return keys
}

// arrival says how a value that a reload brings is seen where it is used.
type arrival struct {
	value string            // in the file
	with  map[string]string // other keys that value needs
	see   look
	want  values
}

// arrivals has a row for each key that a reload changes. socket is that of another php-fpm with four workers.
func arrivals(t *testing.T, dir, socket string) map[string]arrival {
	settings := write(t, dir, "server_shared.conf", "WEBSOCKET_LISTENING_ADDRESS=localhost\nWEBSOCKET_LISTENING_PORT=0\n"+
		"WEBSOCKET_EVENTS_INCLUDE_FILE="+dir+"/events.php\nWEBSOCKET_LOG_PATH="+dir+"\nCOLOUR=green\n")
	other := write(t, dir, "other.php", asksForValues+"const OTHER = true;")
	fpm := copyFPM(t, dir)
	origins := must(admission.ParseOrigins([]string{"https://a.example"}))
	hosts := must(admission.ParseHosts([]string{"a.example"}))
	paths := must(admission.ParsePaths([]string{"/a"}))
	proxies := must(admission.ParseProxies([]string{"10.0.0.1"}))
	forwarding := must(admission.ParseForwarding(proxies, []string{"Forwarded"}))
	trusted := map[string]string{"server.trusted_proxies": `["10.0.0.1"]`}
	staying := externalFPM(t)
	token := write(t, dir, "token", "a-token-of-some-length")
	if err := os.Chmod(dir+"/token", 0o600); err != nil {
		t.Fatal(err)
	}
	external := fmt.Sprintf("%q", "unix:"+socket)
	elsewhere := map[string]string{"php.fastcgi": external}
	own := map[string]string{"php.fastcgi": `""`}
	counted := map[string]string{"php.fastcgi": external, "php.status_path": `"/status"`}
	return map[string]arrival{
		"server.server_header":               {`"x"`, nil, inBridge("ServerHeader"), values{"x"}},
		"server.require_cookie":              {"true", nil, inBridge("RequireCookie"), values{true}},
		"server.require_user_agent":          {"true", nil, inBridge("RequireUserAgent"), values{true}},
		"server.allowed_origins":             {`["https://a.example"]`, nil, inBridge("Policy.Origins"), values{origins}},
		"server.allowed_hosts":               {`["a.example"]`, nil, inBridge("Policy.Hosts"), values{hosts}},
		"server.paths":                       {`["/a"]`, nil, inBridge("Policy.Paths"), values{paths}},
		"server.subprotocols":                {`["a"]`, nil, inBridge("Policy.Subprotocols"), values{[]string{"a"}}},
		"server.max_connections":             {"7", nil, inBridge("Limits.Connections"), values{7}},
		"server.max_connections_per_address": {"7", nil, inBridge("Limits.PerAddress"), values{7}},
		"server.handshake_rate":              {"7", nil, inBridge("Limits.Rate", "Limits.Burst"), values{7, 7}},
		"server.handshake_rate_per_address":  {"7", nil, inBridge("Limits.RatePerAddress", "Limits.BurstPerAddress"), values{7, 7}},
		"server.trusted_proxies":             {`["10.0.0.1"]`, nil, inBridge("Policy.Proxies"), values{proxies}},
		"server.forwarded_headers":           {`["Forwarded"]`, trusted, inBridge("Policy.Forwarding"), values{forwarding}},
		"server.proxy_protocol":              {"true", trusted, inBridge("Policy.ProxyProtocol"), values{true}},
		"server.max_message":                 {`"1KiB"`, nil, all(inBridge("MaxMessage"), takes(1025)), values{int64(1024), false}},
		"server.compression":                 {"true", nil, inBridge("Compression"), values{true}},
		"server.empty_text":                  {"true", nil, inBridge("EmptyText"), values{true}},
		"server.message_rate":                {"7", nil, inBridge("MessageRate"), values{7}},
		"server.message_burst":               {"7", nil, inBridge("MessageBurst"), values{7}},
		"server.control_rate":                {"7", nil, inBridge("ControlRate", "ControlBurst"), values{7, 70}},
		"server.event_queue_total_bytes":     {`"512MiB"`, nil, inBridge("EventQueueTotalBytes", "EventQueueTotal"), values{512 << 20, 32768}},
		"server.send_queue_bytes": {`"64MiB"`, nil, all(inBridge("SendQueueBytes", "SendQueue"), inClient("MaxPayload")),
			values{64 << 20, 2048, 64 << 20}},
		"server.read_total_bytes":       {`"512MiB"`, nil, inBridge("ReadTotalBytes"), values{512 << 20}},
		"server.send_queue_total_bytes": {`"512MiB"`, nil, inBridge("SendQueueTotalBytes"), values{512 << 20}},
		"server.message_timeout":        {`"7s"`, nil, inBridge("MessageTimeout"), values{7 * time.Second}},
		"server.write_timeout":          {`"7s"`, nil, inBridge("WriteTimeout"), values{7 * time.Second}},
		"server.ping_interval":          {`"7s"`, nil, inBridge("PingInterval"), values{7 * time.Second}},
		"server.pong_timeout":           {`"70s"`, nil, inBridge("PongTimeout"), values{70 * time.Second}},
		"server.idle_timeout":           {`"7s"`, nil, inBridge("IdleTimeout"), values{7 * time.Second}},
		"server.queue_wait":             {`"7s"`, nil, inBridge("QueueWait"), values{7 * time.Second}},
		"server.drain_timeout":          {`"7s"`, nil, inBridge("DrainTimeout"), values{7 * time.Second}},
		"server.upgrade_timeout":        {`"7s"`, nil, inReloader("UpgradeTimeout"), values{config.Duration(7 * time.Second)}},
		"server.upgrade_spread":         {`"7s"`, nil, inReloader("UpgradeSpread"), values{config.Duration(7 * time.Second)}},

		"legacy.settings": {settings, nil, inPHP(`defined("COLOUR") ? COLOUR : null`), values{"green"}},

		"php.fastcgi":          {external, nil, inClient("Network", "Address"), values{"unix", socket}},
		"php.resident":         {`"off"`, own, residents, values{endpoint{}}},
		"php.resident_fastcgi": {fmt.Sprintf("%q", "unix:"+staying), elsewhere, residents, values{endpoint{"unix", staying}}},
		"php.fpm":              {fmt.Sprintf("%q", fpm), nil, inPHP("PHP_BINARY"), values{fpm}},
		"php.workers":          {"3", nil, all(inPool("pm.max_children"), inBridge("Parallel")), values{"3", 3}},
		"php.user":             {`"nobody"`, nil, inPool("user"), values{"nobody"}},
		"php.group":            {`"nogroup"`, nil, inPool("group"), values{"nogroup"}},
		"php.memory_limit":     {`"70M"`, nil, inPHP(`ini_get("memory_limit")`), values{"70M"}},
		"php.ini":              {`{ precision = 7 }`, nil, inPHP(`ini_get("precision")`), values{"7"}},
		"php.events_file":      {other, nil, inPHP(`defined("OTHER")`), values{true}},
		"php.settings_file":    {settings, nil, inPHP(`defined("COLOUR") ? COLOUR : null`), values{"green"}},
		"php.end_stdin":        {"true", elsewhere, inClient("EndStdin"), values{true}},
		"php.max_connections":  {"1", nil, all(inClient("MaxConnections"), inBridge("Parallel")), values{1, 1}},
		"php.status_path":      {`"/status"`, elsewhere, inClient("StatusPage.Path"), values{"/status"}},
		"php.reserve":          {"2", counted, inClient("MaxConnections"), values{2}},
		"php.idle_timeout":     {`"7s"`, nil, all(inClient("IdleTimeout"), inPool("request_terminate_timeout")), values{7 * time.Second, "38"}},
		"php.timeout":          {`"7s"`, nil, all(inClient("Timeout"), inPool("request_terminate_timeout")), values{7 * time.Second, "13"}},
		"php.unavailable_wait": {`"7s"`, nil, inBridge("UnavailableWait"), values{7 * time.Second}},
		"php.initialize":       {`"once"`, nil, inClient("InitializeOnce"), values{true}},
		"php.on_error":         {`"close"`, nil, inBridge("CloseOnError"), values{true}},

		"isolation.mode": {`"serial"`, nil, inBridge("Isolation.Mode"), values{isolation.Serial}},
		"isolation.handlers": {`{ text = "serial" }`, nil, inBridge("Isolation.Handlers"),
			values{map[string]isolation.Mode{"ws_server_text": isolation.Serial}}},
		"isolation.session_cookie": {`"a"`, nil, inBridge("SessionCookie"), values{"a"}},
		"globals.live":             {`["a"]`, nil, inBridge("Isolation.LiveGlobals"), values{[]string{"a"}}},
		"globals.forget":           {`["a"]`, nil, inBridge("Isolation.ForgetGlobals"), values{[]string{"a"}}},
		"loop.interval":            {`"7s"`, nil, inBridge("LoopInterval"), values{7 * time.Second}},
		"loop.without_clients":     {`"off"`, nil, inBridge("LoopWithoutClients"), values{false}},
		"pipe.mode":                {`"0620"`, nil, pipeMode, values{os.FileMode(0o620)}},
		"control.token_file":       {token, nil, holders, values{"token_file (operate)"}},
		"control.tokens":           {"{ anna = { role = \"read\", file = " + token + " } }", nil, holders, values{"anna (read)"}},
		"log.level":                {`"debug"`, nil, logLevel, values{slog.LevelDebug}},
		"log.payloads":             {"true", nil, all(inBridge("LogPayloads"), inClient("LogPayloads")), values{true, true}},
		"log.legacy":               {"true", map[string]string{"legacy.settings": settings}, dailyFiles, values{1}},
	}
}
