package socket

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseFrames(t *testing.T) {
	long := strings.Repeat("x", 300)
	huge := strings.Repeat("y", 70_000)
	for name, row := range map[string]struct{ bytes, want string }{
		"text":           {"\x81\x02hi", `[1 "hi"]`},
		"binary, empty":  {"\x82\x00", `[2 ""]`},
		"16-bit length":  {"\x81\x7e\x01\x2c" + long, fmt.Sprintf("[1 %q]", long)},
		"64-bit length":  {"\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70" + huge, fmt.Sprintf("[2 %q]", huge)},
		"several":        {"\x89\x00\x81\x01a\x88\x02\x03\xe8", `[9 ""][1 "a"][8 "\x03\xe8"]`},
		"nothing":        {"", ""},
		"header cut":     {"\x81", "error: parse frame 1: bytes end inside a frame"},
		"length cut":     {"\x81\x7e\x01", "error: parse frame 1: bytes end inside a frame"},
		"payload cut":    {"\x81\x01a\x81\x05ab", `[1 "a"]error: parse frame 2: bytes end inside a frame`},
		"masked":         {"\x81\x81abcd!", "error: parse frame 1: masked"},
		"fragment":       {"\x01\x01a", "error: parse frame 1: fragment or extension bits: 0x01"},
		"compressed":     {"\xc1\x01a", "error: parse frame 1: fragment or extension bits: 0xc1"},
		"reserved":       {"\x83\x00", "error: parse frame 1: opcode 3"},
		"long control":   {"\x89\x7e\x00\x80" + long, "error: parse frame 1: control frame of 128 bytes"},
		"length of 2^63": {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffa", "error: parse frame 1: bytes end inside a frame"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := showFrames([]byte(row.bytes)); got != row.want {
				t.Errorf("got  %.200s\nwant %.200s", got, row.want)
			}
		})
	}
}

func showFrames(b []byte) string {
	frames, err := ParseFrames(b)
	var s strings.Builder
	for _, f := range frames {
		fmt.Fprintf(&s, "[%d %q]", f.Opcode, f.Payload)
	}
	if err != nil {
		fmt.Fprintf(&s, "error: %v", err)
	}
	return s.String()
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x81\x02hi\x88\x02\x03\xe8"))
	f.Add([]byte("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffa"))
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, err := ParseFrames(b)
		n := 0
		for _, frame := range frames {
			n += len(frame.Payload)
		}
		if n > len(b) || err == nil && len(b) > 0 && len(frames) == 0 {
			t.Errorf("%d frames of %d bytes from %d", len(frames), n, len(b))
		}
		if err != nil && errors.Is(err, errShortFrame) {
			if more, _ := ParseFrames(append(bytes.Clone(b), make([]byte, 8)...)); len(more) < len(frames) {
				t.Error("more bytes gave fewer frames")
			}
		}
	})
}
