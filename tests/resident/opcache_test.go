package resident

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/yookoala/gofast"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// runScript has php-fpm run a script for another client than wsbridge, and returns what it prints.
func runScript(tb testing.TB, fpm *harness.FPM, path string) string {
	tb.Helper()
	network, address := fpm.Endpoint()
	handler := gofast.NewHandler(gofast.Chain(gofast.BasicParamsMap, gofast.MapEndpoint(path))(gofast.BasicSession),
		gofast.SimpleClientFactory(gofast.SimpleConnFactory(network, address)))
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	return answer.Body.String()
}

// Some deployments call opcache_reset(). It takes effect when no request runs that has begun before, and until then opcache caches
// nothing for the whole php-fpm.
func TestOpcacheIsReset(t *testing.T) {
	t.Parallel()
	s, fpm := serveAtFPM(t, ofVersion("1"), 5, "30s", "")
	before := worker(s)
	s.Write("reset.php", `<?php echo opcache_reset()?"reset":"refused";`)
	s.Write("restarts.php", `<?php $s=opcache_get_status(False); echo $s["opcache_statistics"]["manual_restarts"],$s["restart_pending"]?" pending":"";`)
	load := startTraffic(s, 4)
	if got := runScript(t, fpm, s.Path("restarts.php")); got != "0" {
		t.Fatalf("before: got %q", got)
	}
	if got := runScript(t, fpm, s.Path("reset.php")); got != "reset" {
		t.Fatalf("got %q", got)
	}
	another(s, before)
	s.Log.Wait(hasEnded, "opcache waits")
	harness.Eventually(t, "opcache restarts", func() bool { return runScript(t, fpm, s.Path("restarts.php")) == "1" })
	load.flow(window)
	load.end(0)
	if n := s.Log.Count("failed") + s.Log.Count("client left") + s.Log.Count(noWorker); n != 0 {
		t.Errorf("%d lines tell of failures", n)
	}
}
