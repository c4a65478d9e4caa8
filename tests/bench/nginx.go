package main

import "fmt"

// nginxConfig keeps no connections to php-fpm: each would occupy a worker, and each of nginx's processes would keep its own.
const nginxConfig = `user root;
daemon off;
worker_processes auto;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	keepalive_requests 1000000000;
	keepalive_timeout 1h;
	server {
		listen %s;
		location / {
			fastcgi_pass unix:%s;
			fastcgi_param SCRIPT_FILENAME %s;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param CONTENT_TYPE $content_type;
			fastcgi_param CONTENT_LENGTH $content_length;
			fastcgi_param REQUEST_URI $request_uri;
		}
	}
}
`

// startNginx runs an nginx that has php-fpm run one script.
func startNginx(p *php, script string) (*child, error) {
	c, err := newChild(func(c *child) map[string]string {
		return map[string]string{
			"echo.php":   script,
			"nginx.conf": fmt.Sprintf(nginxConfig, c.address, p.fpm.Address(), c.path("echo.php")),
		}
	})
	if err != nil {
		return nil, err
	}
	return c, c.start(c.accepts, "nginx", "-p", c.dir, "-c", c.path("nginx.conf"), "-e", "stderr")
}
