package fastcgi

import (
	"errors"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestHeaderSection(t *testing.T) {
	for name, test := range map[string]struct {
		in, rest string
		status   int
	}{
		"php's":           {"X-Powered-By: PHP/8.2\r\nContent-type: text/html; charset=UTF-8\r\n\r\nbody", "body", 200},
		"status":          {"Status: 404 Not Found\r\nContent-type: text/html\r\n\r\n", "", 404},
		"status, no text": {"status:503\r\n\r\n", "", 503},
		"status last":     {"A: b\r\nSTATUS : 1\r\nStatus:   500 \r\n\r\nx", "x", 500},
		"bad status":      {"Status: none\r\n\r\nx", "x", 200},
		"empty status":    {"Status:\r\n\r\nx", "x", 200},
		"line feeds only": {"A: b\nStatus: 201\n\nx\n\n", "x\n\n", 201},
		"mixed ends":      {"A: b\r\n\nx", "x", 200},
		"no fields":       {"\r\nx", "x", 200},
		"no colon":        {"nonsense\r\n\r\nx", "x", 200},
		"body has one":    {"A: b\r\n\r\nStatus: 404\r\n\r\n", "Status: 404\r\n\r\n", 200},
		"bare returns":    {"A: b\rStatus: 404\r\n\r\n\rx", "\rx", 200},
	} {
		for size := 1; size <= len(test.in); size++ {
			h, rest, err := feedHeader(test.in, size)
			if err != nil || !h.ended || h.status != test.status || rest != test.rest {
				t.Errorf("%s in pieces of %d: got %d, %q, %v", name, size, h.status, rest, err)
			}
		}
	}
}

func TestHeaderSectionIsBounded(t *testing.T) {
	long := strings.Repeat("A: b\r\n", maxHeader/6+1)
	for _, in := range []string{long, long + "\r\n", strings.Repeat("x", maxHeader+1)} {
		if _, _, err := feedHeader(in, 8192); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%d bytes: got %v", len(in), err)
		}
	}
}

func feedHeader(in string, size int) (*header, string, error) {
	h := new(header)
	var rest strings.Builder
	for len(in) > 0 {
		piece := in[:min(size, len(in))]
		in = in[len(piece):]
		p, err := h.feed([]byte(piece))
		if err != nil {
			return h, "", err
		}
		rest.Write(p)
	}
	return h, rest.String(), nil
}

func FuzzHeader(f *testing.F) {
	f.Add("Status: 404 Not Found\r\nContent-type: text/html\r\n\r\nFile not found.\n", 7)
	f.Add("A: b\n\nx", 1)
	f.Fuzz(func(t *testing.T, in string, size int) {
		size = max(1, min(size, 1<<16))
		pieces, rest, err := feedHeader(in, size)
		whole, want, errWhole := feedHeader(in, max(1, len(in)))
		if (err == nil) != (errWhole == nil) || pieces.ended != whole.ended || rest != want || pieces.status != whole.status {
			t.Errorf("%q reads differently in pieces of %d", in, size)
		}
		if !strings.HasSuffix(in, rest) {
			t.Errorf("%q is not the end of %q", rest, in)
		}
	})
}
