package serve

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestAuthoritiesAreAskedAgainWhenTheyWantToBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const date = "a date"
		for text, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-1": 0, "soon": 0, date: 9 * time.Second} {
			if text == date {
				text = time.Now().Add(want).UTC().Format(http.TimeFormat)
			}
			var w acmeWaits
			header := http.Header{"Retry-After": {text}}
			w.note("/order", header)
			began := time.Now()
			if err := w.await(t.Context(), "/other"); err != nil || time.Since(began) > 0 {
				t.Errorf("%q: another address waits for %v, %v", text, time.Since(began), err)
			}
			if err := w.await(t.Context(), "/order"); err != nil || time.Since(began) != want {
				t.Errorf("%q: waited for %v, %v", text, time.Since(began), err)
			}
			if header.Get("Retry-After") != "" {
				t.Errorf("%q: autocert waits, too", text)
			}
		}
		var w acmeWaits
		w.note("/order", http.Header{"Retry-After": {"3600"}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if began := time.Now(); w.await(ctx, "/order") == nil || time.Since(began) != time.Second {
			t.Errorf("the end came after %v", time.Since(began))
		}
	})
}
