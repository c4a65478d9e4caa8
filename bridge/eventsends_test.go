package bridge

import (
	"fmt"
	"testing"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/protocol"
)

// The decoder of an answer uses the memory of a message for the next one.
func TestWhatIsKeptOfAMessageOutlivesItsEffect(t *testing.T) {
	answer := `+ {"seq":1,"send":{"to":[5],"length":1}}` + "\na\n" + `+ {"seq":1,"send":{"to":[6],"length":1}}` + "\nb\n"
	var recorder observe.Recorder
	var kept []*protocol.Effect
	buf := []byte(answer)
	err := protocol.NewAnswerDecoder("+", 1).Feed(buf, func(e *protocol.Effect) error {
		recorder.Record(e, observe.Made{})
		kept = append(kept, clone(e))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	clear(buf)
	var got, recorded string
	for _, e := range kept {
		got += fmt.Sprintf("%v %s ", e.Send.To.Keys, e.Send.Payload)
	}
	for _, e := range recorder.Finish(observe.Trace{}, nil, nil).Effects {
		recorded += fmt.Sprint(e.Send.To.Keys)
	}
	if got != "[5] a [6] b " || recorded != "[5][6]" {
		t.Errorf("got %s, recorded %s", got, recorded)
	}
}
