// Package dashboard is the page for those who operate the server: static files that need no build step and nothing from
// elsewhere. What they show, they ask the control API for, at addresses relative to their own.
package dashboard

import (
	"embed"
	"net/http"
)

//go:embed *.html *.css *.js *.svg
var files embed.FS

// policy lets the page load nothing but its own files, run no inline script, and be framed by nobody: what it shows comes
// from clients. With trusted types, Chromium refuses to take markup from a string at all.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'"

// Handler serves the page at "/" and its files beside it. They hold no data, so they may be had without a token: a browser
// sends none when somebody opens a page. Mount it with http.StripPrefix elsewhere than at the root.
func Handler() http.Handler {
	static := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache") // another version may answer next
		static.ServeHTTP(w, r)
	})
}
