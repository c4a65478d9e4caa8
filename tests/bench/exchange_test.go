package main

import (
	"errors"
	"strings"
	"testing"
)

func TestAnswers(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		got, message string
		want         bool
		err          error
	}{
		"whole":                 {"\x81\x05hello", "hello", true, nil},
		"nothing yet":           {"", "hello", false, nil},
		"part of a head":        {"\x81", "hello", false, nil},
		"part of a payload":     {"\x81\x05hell", "hello", false, nil},
		"two bytes of length":   {"\x81\x7e\x01\x2c" + long, long, true, nil},
		"one of them":           {"\x81\x7e\x01", long, false, nil},
		"two fragments":         {"\x01\x02he\x80\x03llo", "hello", true, nil},
		"an empty last one":     {"\x01\x05hello\x80\x00", "hello", true, nil},
		"without the last one":  {"\x01\x02he\x00\x03llo", "hello", false, nil},
		"another message":       {"\x81\x05world", "hello", false, errNoAnswer},
		"the beginning only":    {"\x81\x04hell", "hello", false, errNoAnswer},
		"more than the message": {"\x81\x05hello\x81\x01!", "hello", false, errNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := answers([]byte(c.got), []byte(c.message)); got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %v, %v, want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}
