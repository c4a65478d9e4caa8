package config

import (
	"errors"
	"net/url"
	"strings"
)

// Trace is about traces of events for OpenTelemetry.
type Trace struct {
	OTLP   string `toml:"otlp"`   // URL of a collector; empty: no traces
	Sample Ratio  `toml:"sample"` // of the traces that begin here
}

// Ratio is a part of all, from 0 to 1.
type Ratio float64

// UnmarshalTOML accepts 0 and 1 without a decimal point, too. trace checks the bounds.
func (r *Ratio) UnmarshalTOML(data any) error {
	switch v := data.(type) {
	case float64:
		*r = Ratio(v)
		return nil
	case int64:
		*r = Ratio(v)
		return nil
	}
	return errRatio
}

var errRatio = errors.New("want a number from 0 to 1, such as 0.1")

func (c *checker) trace(t *Trace) {
	c.require(t.OTLP == "" || isCollector(t.OTLP), "trace.otlp", t.OTLP,
		`want the URL of a collector without user, query and fragment, such as "http://127.0.0.1:4318", or nothing`)
	c.require(t.Sample >= 0 && t.Sample <= 1, "trace.sample", float64(t.Sample), errRatio.Error())
}

// isCollector refuses a user and a password: the exporter would not send them.
func isCollector(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && u.Opaque == "" && !strings.ContainsFunc(address, notPrintable)
}
