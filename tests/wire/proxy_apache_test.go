package wire

import (
	"fmt"
	"os/exec"
)

// apacheMain loads the modules that the example names, and what Debian's configuration always loads.
const apacheMain = `ServerRoot DIR
DefaultRuntimeDir DIR
PidFile DIR/apache.pid
ErrorLog /dev/stderr
LogLevel warn
User www-data
Group www-data
ServerName 127.0.0.1
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
Include DIR/example.conf
`

var apache = proxy{
	example: "apache/wsbridge.conf",
	changes: func(host, port string, own int) map[string]string {
		return certified(map[string]string{
			"http://127.0.0.1:50000/ws/": "http://" + host + ":" + port + "/ws/",
			"<VirtualHost *:443>":        fmt.Sprintf("Listen 127.0.0.1:%d\n<VirtualHost *:%d>", own, own),
			"ServerName shop.example":    "ServerName 127.0.0.1",
		})
	},
	timeouts: map[string]string{"Timeout 90": "Timeout 4", "timeout=90": "timeout=4"},
	main:     apacheMain,
	command: func(dir string) *exec.Cmd {
		return program("apache2", "-DFOREGROUND", "-f", dir+"/main.conf")
	},
}
