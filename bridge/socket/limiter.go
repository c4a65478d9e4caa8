package socket

import "golang.org/x/time/rate"

// newLimiter returns a token bucket that allows perSecond on average and burst at once. With perSecond 0 it is nil, which allows
// everything.
func newLimiter(perSecond, burst int) *rate.Limiter {
	if perSecond == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}

func allows(l *rate.Limiter) bool { return l == nil || l.Allow() }
