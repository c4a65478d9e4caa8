package api

import "time"

// Series is the answer of GET /v1/series.
type Series struct {
	Interval Micros  `json:"interval_us"`
	Points   []Point `json:"points"` // the oldest first
}

// Point is an interval: gauges at its end, and counts and times within it.
type Point struct {
	Time        time.Time `json:"time"` // its end
	Connections int       `json:"connections"`
	Accepted    uint64    `json:"accepted"`
	Events      uint64    `json:"events"`
	Failed      uint64    `json:"failed"`
	Received    uint64    `json:"received"`
	Sent        uint64    `json:"sent"`
	Waiting     int       `json:"waiting"`
	// ConnectionsWaiting are connections to php-fpm that no worker has answered yet.
	ConnectionsWaiting int `json:"connections_waiting"`

	Queue   Quantiles `json:"queue_us"`
	Connect Quantiles `json:"connect_us"`
	Wait    Quantiles `json:"wait_us"`
	Run     Quantiles `json:"run_us"`
	Apply   Quantiles `json:"apply_us"`
	Total   Quantiles `json:"total_us"`

	// nil if nobody looks at the dashboard, or if php-fpm does not answer.
	WorkersActive *int `json:"workers_active"`
	WorkersIdle   *int `json:"workers_idle"`
}

// Quantiles are within 5 % of the truth. Without events they are 0.
type Quantiles struct {
	P50 Micros `json:"p50"`
	P95 Micros `json:"p95"`
}
