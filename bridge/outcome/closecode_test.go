package outcome

import "testing"

func TestCloseCodes(t *testing.T) {
	for code, valid := range map[int]bool{0: false, 999: false, 1000: true, 1003: true, 1004: false, 1005: false,
		1006: false, 1007: true, 1014: true, 1015: false, 2999: false, 3000: true, 4999: true, 5000: false} {
		if ValidCloseCode(code) != valid {
			t.Errorf("%d: got %v", code, !valid)
		}
	}
}

func TestEndingsHaveNamesAndSendableCodes(t *testing.T) {
	seen := map[string]bool{}
	for e := EndedByClient; e <= EndedNoRow; e++ {
		code, reason := e.Close()
		if code != 0 && !ValidCloseCode(code) || len(reason) > 123 {
			t.Errorf("%v: code %d, reason %q", e, code, reason)
		}
		if seen[e.String()] || e.String() == "unknown" {
			t.Errorf("%d: name %q", e, e)
		}
		seen[e.String()] = true
	}
}
