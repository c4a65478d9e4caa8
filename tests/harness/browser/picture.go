package browser

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// screenshots names the folder where pictures of the pages go, if it is set:
//
//	WSBRIDGE_SCREENSHOTS=$PWD/docs/images go test -run Picture ./tests/...
const screenshots = "WSBRIDGE_SCREENSHOTS"

// NeedsScreenshots skips a test that only takes pictures unless they are asked for.
func NeedsScreenshots(t testing.TB) {
	t.Helper()
	if os.Getenv(screenshots) == "" {
		t.Skip("set " + screenshots + " to a folder for pictures")
	}
}

// Picture takes a screenshot of a window that large.
func (p *Tab) Picture(name string, width, height int64) {
	p.T.Helper()
	var shot []byte
	p.Run(chromedp.EmulateViewport(width, height), chromedp.Evaluate("scrollTo(0, 0); document.activeElement.blur()", nil),
		chromedp.Sleep(time.Second), chromedp.CaptureScreenshot(&shot))
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		p.T.Fatal(err)
	}
	var small bytes.Buffer // Chromium is quick, and packs worse
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, img); err != nil {
		p.T.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(os.Getenv(screenshots), name+".png"), small.Bytes(), 0o644); err != nil {
		p.T.Fatal(err)
	}
}
