package observe

import (
	"reflect"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestIncidentsAndCountsGoOn(t *testing.T) {
	var before, after Incidents
	before.Add(Incident{Kind: protocol.Text, Fault: Fault{Name: "a"}})
	before.Add(Incident{Kind: protocol.Open, Fault: Fault{Name: "b"}})
	after.Restore(before.All())
	before.Add(Incident{Kind: protocol.Text, Fault: Fault{Name: "a"}})
	after.Add(Incident{Kind: protocol.Text, Fault: Fault{Name: "a"}})
	if got := after.All(); !reflect.DeepEqual(got, before.All()) || got[0].Times != 2 {
		t.Errorf("got %+v", got)
	}
	var c Counter
	c.Restore(Messages{1, 2, 3, 4})
	c.Received(10)
	c.Sent(20)
	if got := c.Messages(); got != (Messages{2, 3, 13, 24}) {
		t.Errorf("got %+v", got)
	}
}
