package outcome

import (
	"strings"
	"testing"
)

func TestCloseCodes(t *testing.T) {
	for code, valid := range map[int]bool{0: false, 999: false, 1000: true, 1003: true, 1004: false, 1005: false,
		1006: false, 1007: true, 1014: true, 1015: false, 2999: false, 3000: true, 4999: true, 5000: false} {
		if ValidCloseCode(code) != valid {
			t.Errorf("%d: got %v", code, !valid)
		}
	}
}

func TestCloseFrame(t *testing.T) {
	long := strings.Repeat("ä", 100)
	for _, row := range []struct {
		code       int
		reason     string
		wantCode   int
		wantReason string
	}{
		{1000, "bye", 1000, "bye"},
		{0, "", 0, ""},
		{1006, "never sent", 1011, "never sent"},
		{4000, "\xff", 4000, "\uFFFD"},
		{4000, long, 4000, long[:122]}, // no character is cut in two
	} {
		if code, reason := CloseFrame(row.code, row.reason); code != row.wantCode || reason != row.wantReason {
			t.Errorf("%d %q: got %d %q", row.code, row.reason, code, reason)
		}
	}
}
