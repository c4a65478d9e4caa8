package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// echoing is the application of the measurements that nothing but an event's own cost belongs in.
const echoing = `<?php
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }
`

// counting has an own-row event, a text, and a table event, a binary message: two handlers, because an isolation is a
// handler's.
//
//go:embed counting.php
var counting string

// writeApplication puts an application and its settings into a folder that php-fpm's user can read.
func writeApplication(source string) (dir string, err error) {
	dir, err = os.MkdirTemp("", "wsbridge-bench-")
	if err != nil {
		return "", err
	}
	settings := fmt.Sprintf("WEBSOCKET_LISTENING_ADDRESS=127.0.0.1\nWEBSOCKET_LISTENING_PORT=0\nWEBSOCKET_XHR_PIPE_FILE=%s/pipe\n"+
		"WEBSOCKET_EVENTS_INCLUDE_FILE=%s/push_server_events.php\n", dir, dir)
	return dir, errors.Join(os.Chmod(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "push_server_events.php"), []byte(source), 0o644),
		os.WriteFile(filepath.Join(dir, "server_shared.conf"), []byte(settings), 0o644))
}
