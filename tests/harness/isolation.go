package harness

import (
	"fmt"
	"strings"
)

// Modes lists the isolation modes in which an application cannot tell that it is not alone.
func Modes() []string { return []string{"auto", "serial"} }

// Isolation is the configuration of an isolation mode and four workers. PHP looks at the application's files in each
// request, so that code that has just been written counts as certain within a second.
func Isolation(mode string) string {
	return fmt.Sprintf("[isolation]\nmode = %q\n[php]\nworkers = 4\n[php.ini]\n\"opcache.revalidate_freq\" = 0\n", mode)
}

// AwaitCode asks until the program is certain of the code and has read it: until then, events run alone. The list of
// the handlers that then still do is JSON.
func (s *Server) AwaitCode(c *Client, alone string) {
	s.T.Helper()
	Eventually(s.T, "the code is certain", func() bool {
		c.Ask("settle")
		return s.Log.Count("application described", `"certain":true`, `"alone":`+alone) > 0
	})
}

// Configurations that say whether events run in a resident worker, whatever the default is.
const (
	Resident        = "[php]\nresident = \"on\"\n"
	RequestPerEvent = "[php]\nresident = \"off\"\n"
)

// PerRequest is a configuration with RequestPerEvent. It is for tests of what holds only there: that the next event runs new code, that own-row
// events run beside each other however quick they are, that a process ends with its event.
func PerRequest(toml string) string {
	if before, after, ok := strings.Cut(toml, "[php]\n"); ok {
		return before + RequestPerEvent + after
	}
	return toml + RequestPerEvent
}
