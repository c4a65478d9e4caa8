package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const authenticating = "<?php\nfunction ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }\n"

// Applications that do one thing with a text.
const (
	echoing      = authenticating + `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`
	broadcasting = authenticating + `function ws_server_text(&$connections,&$connection,$client_key,$msg) { broadcast_to_all($msg); }`
	sleeping     = authenticating + `function ws_server_text(&$connections,&$connection,$client_key,$msg) { usleep(20000); send_text($client_key,$msg); }`
)

// counting has an own-row event, a text, and a table event, a binary message: two handlers, because each handler has its own isolation.
//
//go:embed counting.php
var counting string

// writeApplication writes an application and its settings into a new folder that php-fpm's user can read. The caller removes it.
func writeApplication(source string) (dir string, err error) {
	dir, err = os.MkdirTemp("", "wsbridge-bench-")
	if err != nil {
		return "", err
	}
	settings := fmt.Sprintf("WEBSOCKET_LISTENING_ADDRESS=127.0.0.1\nWEBSOCKET_LISTENING_PORT=0\nWEBSOCKET_XHR_PIPE_FILE=%s/pipe\n"+
		"WEBSOCKET_EVENTS_INCLUDE_FILE=%s/push_server_events.php\nWEBSOCKET_SERVER_HEADER=bench\n", dir, dir)
	return dir, errors.Join(os.Chmod(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "push_server_events.php"), []byte(source), 0o644),
		os.WriteFile(filepath.Join(dir, "server_shared.conf"), []byte(settings), 0o644))
}
