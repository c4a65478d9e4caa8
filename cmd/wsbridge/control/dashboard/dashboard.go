// Package dashboard is the page for those who operate the server: static files that need no build step and load nothing from other
// hosts. They ask the control API, at addresses relative to their own, for everything they show.
package dashboard

import (
	"embed"
	"net/http"
)

//go:embed *.html *.css *.js *.svg
var files embed.FS

// policy lets the page load only its own files, run no inline script, and be in no frame, since what it shows comes from clients. With
// trusted types, Chromium takes no markup from a string at all.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'"

// Handler serves the page at "/" and its files next to it. They hold no data, so nobody needs a token for them; a browser would not send
// one when it opens a page. To mount it elsewhere than at the root, use http.StripPrefix.
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
