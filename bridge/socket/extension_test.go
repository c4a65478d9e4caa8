package socket

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func offered(lines ...string) http.Header { return http.Header{"Sec-Websocket-Extensions": lines} }

func TestDeflateIsAgreedToAsOffered(t *testing.T) {
	for offer, want := range map[string]bool{
		"":                   false,
		"permessage-deflate": true,
		"permessage-deflate; client_max_window_bits":                                 true,
		"permessage-deflate; client_max_window_bits=9":                               true,
		`permessage-deflate; client_max_window_bits="15"`:                            true,
		"permessage-deflate;server_no_context_takeover;client_no_context_takeover":   true,
		"permessage-deflate; server_max_window_bits=15":                              false, // has to be in the answer
		"permessage-deflate; server_max_window_bits=9, permessage-deflate":           true,
		"permessage-deflate; client_max_window_bits=16":                              false,
		"permessage-deflate; client_max_window_bits=7":                               false,
		"permessage-deflate; client_max_window_bits=09":                              false,
		"permessage-deflate; client_no_context_takeover=1":                           false,
		"permessage-deflate; client_no_context_takeover; client_no_context_takeover": false,
		"permessage-deflate; colour=green":                                           false,
		"x-webkit-deflate-frame":                                                     false,
		"permessage-bzip2, , x; y=z, permessage-deflate":                             true,
	} {
		got, err := OffersDeflate(offered(offer))
		if err != nil || got != want {
			t.Errorf("%q: agreed is %v, want %v; %v", offer, got, want, err)
		}
	}
	if got, err := OffersDeflate(offered("x", "permessage-deflate")); err != nil || !got {
		t.Errorf("on two lines: %v, %v", got, err)
	}
}

func TestMalformedExtensionsAreNone(t *testing.T) {
	for _, line := range []string{";", "a;", "a; =", "a; b=", "a b", `a; b="c`, `a; b="c d"`, `a; b=""`, "a/b", "a; b=c d", "\u00e4"} {
		if got, err := OffersDeflate(offered(line)); err == nil {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// FuzzOffers holds that a list that was understood is understood in the same way when it is written anew.
func FuzzOffers(f *testing.F) {
	f.Add(`permessage-deflate; client_max_window_bits="15"; server_no_context_takeover, x;y=z`)
	f.Add("a;,")
	f.Fuzz(func(t *testing.T, line string) {
		list, err := offers(offered(line))
		if err != nil {
			return
		}
		var again []string
		for _, e := range list {
			text := e.name
			for _, p := range e.params {
				text += "; " + p.name
				if p.hasValue {
					text += "=" + p.value
				}
			}
			again = append(again, text)
		}
		got, err := offers(offered(strings.Join(again, ", ")))
		if err != nil || !reflect.DeepEqual(got, list) {
			t.Errorf("%q: got %v, %v, want %v", line, got, err, list)
		}
	})
}
