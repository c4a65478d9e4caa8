package wire

import (
	"fmt"
	"os/exec"
)

var nginx = proxy{
	example: "nginx/wsbridge.conf",
	changes: func(host, port string, own int) map[string]string {
		return certified(map[string]string{
			"server 127.0.0.1:50000;":   "server " + host + ":" + port + ";",
			"listen 443 ssl;":           fmt.Sprintf("listen 127.0.0.1:%d ssl;", own),
			"listen [::]:443 ssl;":      "",
			"server_name shop.example;": "server_name 127.0.0.1;",
		})
	},
	timeouts: map[string]string{"proxy_read_timeout    90s": "proxy_read_timeout 4s", "proxy_send_timeout    90s": "proxy_send_timeout 4s"},
	main: `daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 768; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	include example.conf;
}
`,
	command: func(dir string) *exec.Cmd {
		return program("nginx", "-p", dir, "-e", "stderr", "-c", dir+"/main.conf")
	},
}
