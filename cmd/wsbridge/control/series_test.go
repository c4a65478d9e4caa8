package control

import (
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

func TestSeriesIsBounded(t *testing.T) {
	var s series
	for i := range seriesPoints + 5 {
		s.add(api.Point{Events: uint64(i), Time: time.UnixMilli(int64(i))})
	}
	if all := s.since(time.Time{}); len(all) != seriesPoints || all[0].Events != 5 {
		t.Errorf("got %d points from %d on", len(all), all[0].Events)
	}
	if news := s.since(time.UnixMilli(seriesPoints + 2)); len(news) != 2 || news[0].Events != seriesPoints+3 {
		t.Errorf("after a point there are %+v", news)
	}
	if news := s.since(time.UnixMilli(seriesPoints + 4)); len(news) != 0 {
		t.Errorf("after the last point there are %+v", news)
	}
}
