package isolation

import (
	"reflect"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestTheSameCodeKeepsWhatWasLearned(t *testing.T) {
	app := func(code string) *Application {
		return New(&Config{Mode: Auto}, &protocol.Description{Code: code, Handlers: protocol.HandlerSet{"ws_server_text": {}},
			Globals: protocol.GlobalSet{"db": {Lives: true, Differs: true}}})
	}
	before := app("9f")
	for range lostAfter {
		before = before.WithLost([]string{"db"})
	}
	before = before.WithHeld([]string{"db"}).WithKnown([]string{"db"}).WithWriter(protocol.Text, "$n")
	learned := before.Learned()
	after, same := app("9f").WithLearned(&learned)
	if !same || !reflect.DeepEqual(after.Learned(), learned) || !after.IsLost("db") || !after.IsHeld("db") || !after.IsWriter(protocol.Text) {
		t.Errorf("got %v %+v", same, after.Learned())
	}
	if after.RunMode(protocol.Text).Beside {
		t.Error("an event that writes runs beside others")
	}
	if other, same := app("a0").WithLearned(&learned); same || other.IsHeld("db") {
		t.Errorf("other code: got %v %+v", same, other.Learned())
	}
}
