package fastcgi

import (
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestRedactorTakesOutWhatTheClientHasSent(t *testing.T) {
	var environment []byte
	for name, value := range map[string]string{"HTTP_COOKIE": "PHPSESSID=0123456789abcdef; name=J%C3%BCrgen%20Schmidt", "HTTP_AUTHORIZATION": "Basic YW5uYTpoZW1saWNo",
		"QUERY_STRING": "token=topsecrettoken", "SCRIPT_FILENAME": "/usr/share/wsbridge/wsbridge.php", "HTTP_SEC_WEBSOCKET_PROTOCOL": "chat, bearer-abcdefgh"} {
		environment = appendPair(environment, name, value)
	}
	for payload, rows := range map[string]map[string]string{
		`{"cmd":"login","password":"correct horse battery"}`: {
			`unknown command {"cmd":"login","password":"correct horse battery"}!`: "unknown command …!",
			"bad password: correct horse battery":                                 "bad password: …",
			"bad passwordcorrect horse batt":                                      "bad password…",
			"Undefined array key \"cmd\"":                                         "Undefined array key \"cmd\"",
			"session 0123456789abcdef is over":                                    "session … is over",
			"token=topsecrettoken":                                                "…",
			"Jürgen Schmidt":                                                      "…",
			"bearer-abcdefgh YW5uYTpoZW1saWNo":                                    "…",
			"cannot open /usr/share/wsbridge/wsbridge.php":                        "cannot open /usr/share/wsbridge/wsbridge.php",
			"": "",
		},
		"memory":                         {"Allowed memory size": "Allowed memory size"},
		"Grüße, 世界 und ü":                {"Grüße, 世界 und \u00fd": "……"},
		strings.Repeat("0", 2*maxSecret): {"0000000000000": "…"},
	} {
		v := &redactor{events: []*protocol.Event{{Environment: environment, Payload: []byte(payload)}}}
		for text, want := range rows {
			if got := v.redact(text); got != want {
				t.Errorf("%q: got %q, want %q", text, got, want)
			}
		}
	}
	off := &redactor{off: true, events: []*protocol.Event{{Payload: []byte("hunter2 hunter2")}}}
	if got := off.redact("hunter2 hunter2"); got != "hunter2 hunter2" {
		t.Errorf("got %q", got)
	}
}

// A client chooses the payload, and can have an influence on the text that is searched.
func TestRedactorIsBounded(t *testing.T) {
	same := strings.Repeat("a", 16<<20)
	v := &redactor{events: []*protocol.Event{{Payload: []byte(same)}}}
	began := time.Now()
	if got := v.redact(same); got != omission+omission { // what the client has sent, and what is too long
		t.Errorf("got %.100q", got)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}
