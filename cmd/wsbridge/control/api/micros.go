package api

import "time"

// Micros is a duration in microseconds.
type Micros int64

// Of returns d as Micros.
func Of(d time.Duration) Micros { return Micros(d.Microseconds()) }

// Std returns m as the standard library's type.
func (m Micros) Std() time.Duration { return time.Duration(m) * time.Microsecond }
