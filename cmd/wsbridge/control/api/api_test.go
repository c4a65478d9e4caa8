package api

import (
	"encoding/json"
	"os"
	"testing"
)

func TestTextIsReadAsItIsWritten(t *testing.T) {
	for _, row := range []struct {
		text Text
		want string
	}{
		{Text{Data: []byte("grüße")}, `"grüße"`},
		{Text{Data: []byte("")}, `""`},
		{Text{Data: []byte("\xff")}, `{"base64":"/w=="}`},
		{Text{Data: []byte("ab"), Cut: 3}, `{"text":"ab","cut_bytes":3}`},
		{Text{Data: []byte("\xff"), Cut: 3}, `{"base64":"/w==","cut_bytes":3}`},
	} {
		got, err := json.Marshal(row.text)
		if err != nil || string(got) != row.want {
			t.Errorf("got %s, %v, want %s", got, err, row.want)
		}
		var back Text
		if err := json.Unmarshal(got, &back); err != nil || string(back.Data) != string(row.text.Data) || back.Cut != row.text.Cut {
			t.Errorf("%s: got %+v, %v", got, back, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for address, base := range map[string]string{
		"unix:/run/x.sock": "http://localhost", "127.0.0.1:9180": "http://127.0.0.1:9180", "https://shop.example/wsbridge/": "https://shop.example/wsbridge",
	} {
		if c, err := NewClient(address, ""); err != nil || c.base != base {
			t.Errorf("%s: got %+v, %v", address, c, err)
		}
	}
	for _, address := range []string{"", "localhost", "/run/x.sock"} {
		if _, err := NewClient(address, ""); err == nil {
			t.Errorf("%q: no error", address)
		}
	}
}

func TestServerSocket(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", "/run/a:/run/b")
	if got := ServerSocket(); got != "/run/a/control.sock" {
		t.Errorf("got %s", got)
	}
	t.Setenv("RUNTIME_DIRECTORY", "")
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	want := "/run/user/7/wsbridge/control.sock"
	if os.Geteuid() == 0 {
		want = "/run/wsbridge/control.sock"
	}
	if got := ServerSocket(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
