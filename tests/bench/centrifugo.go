package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/gorilla/websocket"
)

// centrifugoVersion is the release that is measured.
const centrifugoVersion = "v6.9.1"

// proxyEcho answers the requests of Centrifugo's RPC proxy with what the client has sent.
const proxyEcho = `<?php
$request = json_decode(file_get_contents('php://input'), true);
header('Content-Type: application/json');
echo json_encode(array('result' => array('data' => $request['data'])));
`

// centrifugoConfig lets every client in, sends no pings during a measurement, and nothing to its makers.
const centrifugoConfig = `{
	"http_server": {"address": %q, "port": %q},
	"log": {"level": "error"},
	"usage_stats": {"disabled": true},
	"client": {"insecure": true, "allowed_origins": ["*"], "ping_interval": "10h", "pong_timeout": "9h"},
	"rpc": {"proxy": {"endpoint": "http://%s/", "timeout": "60s"}, "without_namespace": {"proxy_enabled": true}}
}
`

// installCentrifugo builds the program with Go into a folder of the user's cache, once.
func installCentrifugo(ctx context.Context) (path string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "wsbridge-bench", "centrifugo-"+centrifugoVersion)
	path = filepath.Join(dir, "centrifugo")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	fmt.Printf("bench: building Centrifugo %s into %s, which takes some minutes\n", centrifugoVersion, dir)
	_, err = output(ctx, os.TempDir(), "env", "CGO_ENABLED=0", "GOFLAGS=", "GOBIN="+dir, "go", "install",
		"github.com/centrifugal/centrifugo/v6@"+centrifugoVersion)
	return path, err
}

// startCentrifugo runs Centrifugo, which has an nginx ask php-fpm.
func startCentrifugo(program string, p *php, clients int) (*contender, error) {
	nginx, err := startNginx(p, proxyEcho)
	if err != nil {
		return nil, err
	}
	c, err := startCentrifugoAt(program, nginx.address)
	if err != nil {
		return nil, errors.Join(err, nginx.stop())
	}
	all := &contender{name: "Centrifugo", php: p.processes, ask: same(remoteCall())}
	all.server = func() []int { return append(c.tree(), nginx.tree()...) }
	all.end = func() error { return errors.Join(c.stop(), nginx.stop()) }
	return all.take(dialCentrifugo(c.address, clients))
}

func startCentrifugoAt(program, backend string) (*child, error) {
	c, err := newChild(func(c *child) map[string]string {
		host, port, _ := net.SplitHostPort(c.address)
		return map[string]string{"config.json": fmt.Sprintf(centrifugoConfig, host, port, backend)}
	})
	if err != nil {
		return nil, err
	}
	return c, c.start(c.accepts, program, "--config", c.path("config.json"))
}

// dialCentrifugo opens n WebSockets and says hello on each, as its protocol asks for.
func dialCentrifugo(address string, n int) (conns []*websocket.Conn, err error) {
	d := websocket.Dialer{HandshakeTimeout: time.Minute, ReadBufferSize: 512, WriteBufferSize: 512}
	for range n {
		conn, _, err := d.Dial("ws://"+address+"/connection/websocket", nil)
		if err != nil {
			hangUp(conns)
			return nil, err
		}
		conns = append(conns, conn)
		if err := sayHello(conn); err != nil {
			hangUp(conns)
			return nil, err
		}
	}
	return conns, nil
}

func sayHello(conn *websocket.Conn) error {
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"id":1,"connect":{}}`)); err != nil {
		return err
	}
	_, got, err := conn.ReadMessage()
	if err == nil && !bytes.Contains(got, []byte(`"connect"`)) {
		err = fmt.Errorf("got %.200q", got)
	}
	return err
}

// remoteCall has the message echoed.
func remoteCall() exchange {
	const call, answer = `{"id":2,"rpc":{"method":"echo","data":` + message + `}}`, `{"id":2,"rpc":{"data":` + message + `}}`
	return exchangeOf(websocket.TextMessage, call, answer)
}
