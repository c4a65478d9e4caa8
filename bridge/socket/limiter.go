package socket

import (
	"fmt"
	"math"
	"time"

	"golang.org/x/time/rate"
)

// newLimiter returns a token bucket that allows perSecond on average and burst at once. With perSecond 0 it is nil, which allows
// everything.
func newLimiter(perSecond, burst int) *rate.Limiter {
	if perSecond == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}

func allows(l *rate.Limiter) bool { return l == nil || l.Allow() }

// spent returns how many tokens of a full bucket are gone.
func spent(l *rate.Limiter) float64 {
	if l == nil {
		return 0
	}
	return max(0, float64(l.Burst())-l.Tokens())
}

// spend takes as many tokens from a full bucket, or all.
func spend(l *rate.Limiter, tokens float64) error {
	if tokens < 0 || math.IsNaN(tokens) || math.IsInf(tokens, 0) {
		return fmt.Errorf("%v", tokens)
	}
	if l == nil {
		return nil
	}
	whole := math.Ceil(min(tokens, float64(l.Burst())))
	fraction := max(0, whole-tokens) // comes back until now
	l.AllowN(time.Now().Add(-time.Duration(fraction/float64(l.Limit())*float64(time.Second))), int(whole))
	return nil
}
