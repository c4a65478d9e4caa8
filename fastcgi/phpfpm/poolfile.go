package phpfpm

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// poolName is the pool's for events. php-fpm names the one of its status page after it.
const poolName = "wsbridge"

// The names of the other sockets for php-fpm.
const (
	statusPool   = poolName + "-status"
	residentPool = poolName + "-resident"
)

// sockets returns the path of each socket that php-fpm is configured to take over, by the name that it has there.
func (c *Config) sockets(v version) map[string]string {
	all := map[string]string{inherited(poolName): c.socket()}
	if v.atLeast(8, 0) {
		all[inherited(statusPool)] = c.status()
	}
	if c.Residents > 0 {
		all[inherited(residentPool)] = c.residentSocket()
	}
	return all
}

// statusPath is the pool's pm.status_path.
const statusPath = "/status"

func (c *Config) socket() string { return filepath.Join(c.Dir, "php-fpm.sock") }
func (c *Config) status() string { return filepath.Join(c.Dir, "status.sock") }
func (c *Config) file() string   { return filepath.Join(c.Dir, "php-fpm.conf") }

// residentSocket returns an empty string if there is no pool for residents.
func (c *Config) residentSocket() string {
	if c.Residents == 0 {
		return ""
	}
	return filepath.Join(c.Dir, "resident.sock")
}

// poolFile is php-fpm's configuration file.
type poolFile struct {
	strings.Builder
	php version
	who account
}

// render returns the file's text.
func (c *Config) render(v version, who account) string {
	f := &poolFile{php: v, who: who}
	f.line("[global]")
	f.line("error_log = /proc/self/fd/2")
	f.line("daemonize = no")
	c.eventPool(f)
	if c.Residents > 0 {
		c.residentPool(f)
	}
	return f.String()
}

func (f *poolFile) line(format string, args ...any) { fmt.Fprintf(f, format+"\n", args...) }

// pool begins the section of a pool of fixed size, with what all pools have in common.
func (f *poolFile) pool(name string, workers int) {
	f.line("[%s]", name)
	f.line("listen = %s", inherited(name))
	if f.who.user != "" {
		f.line("user = %s", f.who.user)
		f.line("group = %s", f.who.group)
	}
	f.line("pm = static")
	f.line("pm.max_children = %d", workers)
	f.line("catch_workers_output = yes")
	if f.php.atLeast(7, 3) {
		f.line("decorate_workers_output = no")
	}
	f.line("clear_env = no")           // the original, php server.php, had the environment of its caller
	f.line("env[FPM_SOCKETS] = taken") // what it holds is for the master, and a value cannot be empty
	f.line("security.limit_extensions = .php")
	// It would end the answer to an event. PHP's command line, which the original ran on, does not have it either.
	f.line("php_admin_value[disable_functions] = fastcgi_finish_request")
}

// eventPool writes the pool for requests that each run one event.
func (c *Config) eventPool(f *poolFile) {
	f.pool(poolName, c.Workers)
	f.line("pm.max_requests = 0") // to replace a worker costs a fork and a connection
	f.line("pm.status_path = %s", statusPath)
	if f.php.atLeast(8, 0) {
		f.line("pm.status_listen = %s", inherited(statusPool)) // answered by another process, as all workers may be busy
	}
	f.line("request_terminate_timeout = %d", c.terminateAfter())
}

// residentPool writes the pool for requests that stay open.
//
// It is static, not ondemand. With ondemand, php-fpm starts one worker for connections that come at the same time, since that one
// counts as idle until it accepts the first; the others then wait until it ends, however many workers there may be
// (findings/ondemand-burst.sh). So of two residents that boot together, the second would wait as long as the first lives. Nor is it
// cheaper for long: php-fpm replaces a worker that has served its pm.max_requests in both. Measured with PHP 8.2 on 2 cores: a script
// starts 0.4 ms after its request in both (median; at most 4 ms with static, 36 ms with ondemand), and a worker that waits takes 0.8 MB
// (PSS), of which 0.3 MB are its own.
func (c *Config) residentPool(f *poolFile) {
	f.pool(residentPool, c.Residents)
	f.line("pm.max_requests = 1") // what one resident leaves in its process, the next must not find
	f.line("request_terminate_timeout = 0")
	f.line("request_slowlog_timeout = 0") // it stops a process to look at it, and would find each resident slow
	// Not php_admin_value, which set_time_limit could not change.
	f.line("php_value[max_execution_time] = 0")
}

// terminateAfter returns request_terminate_timeout, in seconds; 0: there is none.
func (c *Config) terminateAfter() int64 {
	if c.Timeout == 0 {
		return 0
	}
	const margin = time.Second
	return int64((c.Timeout + c.Idle + margin + time.Second - 1) / time.Second)
}
