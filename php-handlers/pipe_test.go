package phphandlers

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// writePipe calls ws_pipe_data as a web application does, and returns the status.
func writePipe(t *testing.T, pipe, params string) (status string) {
	t.Helper()
	return runPHP(t, "-d", "error_reporting=-1", "-d", "display_errors=1", "-r",
		`define("WEBSOCKET_XHR_PIPE_FILE",$argv[1]); require "ws_app.php"; $params=`+params+`; ws_pipe_data($params); echo $params["pipe_status"];`, pipe)
}

func TestPipeData(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for params, want := range map[string]string{
		`array("to"=>"*","text"=>"ä")`:                            `{"to":"*","text":"\u00e4"}`,
		`array("wsmanage"=>array("cmd"=>"reload all"),"x"=>1)`:    "reload all\n",
		`array("wsmanage"=>array(),"long"=>str_repeat("x",5000))`: `{"wsmanage":[],"long":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		if status := writePipe(t, pipe, params); status != "OK" {
			t.Errorf("%s: status %s", params, status)
		}
		buf := make([]byte, 1<<16)
		n, err := reader.Read(buf)
		if err != nil || string(buf[:n]) != want {
			t.Errorf("%s: got %q, %v", params, buf[:n], err)
		}
	}
	if status := writePipe(t, filepath.Join(dir, "nowhere"), `array()`); status != "PIPE FILE NOT FOUND" {
		t.Errorf("status %s", status)
	}
	if status := writePipe(t, dir, `array()`); status != "ERROR OPENING PIPE FILE" {
		t.Errorf("status %s", status)
	}
}
