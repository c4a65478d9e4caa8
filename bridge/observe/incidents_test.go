package observe

import (
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestIncidentsCountRepetitionsAndDropTheOldest(t *testing.T) {
	var incidents Incidents
	add := func(line int) {
		incidents.Add(Incident{Kind: protocol.Text, Fault: Fault{Name: "fatal", File: "a.php", Line: line}})
	}
	for line := range maxIncidents {
		add(line)
	}
	add(0) // again, so it is the newest
	add(-1)
	got := incidents.All()
	if len(got) != maxIncidents || got[0].Line != -1 || got[1].Line != 0 || got[1].Times != 2 || got[maxIncidents-1].Line != 2 {
		t.Errorf("got %+v", got)
	}
}
