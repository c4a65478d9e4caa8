package socket

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func offered(lines ...string) http.Header { return http.Header{"Sec-Websocket-Extensions": lines} }

func TestDeflateIsAgreedToAsOffered(t *testing.T) {
	for offer, want := range map[string]Deflate{
		"":                   NoDeflate,
		"permessage-deflate": DeflateInWindow,
		"permessage-deflate; client_max_window_bits":                                                                       DeflateInWindow,
		"permessage-deflate; client_max_window_bits=9":                                                                     DeflateInWindow,
		`permessage-deflate; client_max_window_bits="15"`:                                                                  DeflateInWindow,
		"permessage-deflate;server_no_context_takeover;client_no_context_takeover":                                         DeflateApart,
		"permessage-deflate; server_max_window_bits=15":                                                                    NoDeflate, // has to be in the answer
		"permessage-deflate; server_max_window_bits=9, permessage-deflate":                                                 DeflateInWindow,
		"permessage-deflate; client_max_window_bits=16":                                                                    NoDeflate,
		"permessage-deflate; client_max_window_bits=7":                                                                     NoDeflate,
		"permessage-deflate; client_max_window_bits=09":                                                                    NoDeflate,
		"permessage-deflate; client_no_context_takeover=1":                                                                 NoDeflate,
		"permessage-deflate; client_no_context_takeover; client_no_context_takeover":                                       NoDeflate,
		"permessage-deflate; colour=green":                                                                                 NoDeflate,
		"x-webkit-deflate-frame":                                                                                           NoDeflate,
		"permessage-bzip2, , x; y=z, permessage-deflate":                                                                   DeflateInWindow,
		"permessage-deflate; server_max_window_bits=9, permessage-deflate; client_no_context_takeover, permessage-deflate": DeflateApart,
	} {
		got, err := AgreeToDeflate(offered(offer))
		if err != nil || got != want {
			t.Errorf("%q: agreed is %v, want %v; %v", offer, got, want, err)
		}
	}
	if got, err := AgreeToDeflate(offered("x", "permessage-deflate")); err != nil || got != DeflateInWindow {
		t.Errorf("on two lines: %v, %v", got, err)
	}
}

func TestMalformedExtensionsAreNone(t *testing.T) {
	for _, line := range []string{";", "a;", "a; =", "a; b=", "a b", `a; b="c`, `a; b="c d"`, `a; b=""`, "a/b", "a; b=c d", "\u00e4"} {
		if got, err := AgreeToDeflate(offered(line)); err == nil {
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
