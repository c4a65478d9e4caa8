package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Changes that a resident worker cannot see are found when it is idle.

const mended = "a row had changed unseen: mended"

// drifting has objects and references that rows share.
const drifting = harness.Eval + `
class Desk { public $name = ""; }
$shared = null; $total = 0.0; $desk = null; $list = array(1,2);
`

func field(t *testing.T, s *harness.Server, client int64, name string) string {
	t.Helper()
	c, err := s.Control().Connection(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return string(c.Row.Get(name))
}

func TestUnseenChangesAreMended(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: drifting, TOML: harness.Resident})
	a, b := s.Connect(), s.Connect()
	a.Ask(`$connection["x"]=1; $connections[2]["x"]=&$connections[1]["x"]; $connection["zero"]=0.0; $connection["desk"]=new Desk; return "ok";`)
	a.Ask(`$GLOBALS["shared"]=&$connections[1]["y"]; $connections[1]["y"]="one"; $connections[2]["desk"]=$connection["desk"]; return "ok";`)
	for _, row := range []struct{ code, name, want string }{
		{`$connection["x"]=7; return "ok";`, "x", "7"},
		{`global $shared; $shared="two"; return "ok";`, "y", `"two"`},
		{`$connections[1]["zero"]=-0.0; return "ok";`, "zero", "-0.0"},
	} {
		b.Send(row.code)
		b.Want("ok")
		harness.Eventually(t, row.name+" is mended", func() bool { return field(t, s, 1, row.name) == row.want })
		s.Log.Wait(mended, "client 1: "+row.name)
	}
}

func TestUnseenChangeOfAGlobalIsMended(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: drifting, TOML: harness.Resident})
	c := s.Connect()
	c.Ask(`$GLOBALS["list"]["x"]=&$GLOBALS["total"]; $GLOBALS["list"]["y"]=1; return "ok";`)
	c.Ask(`$GLOBALS["total"]=7; return "ok";`)
	s.Log.Wait(mended, "global variables: $list")
	c.Send(`throw new Exception("the worker ends");`)
	c.Send(`return $GLOBALS["list"];`)
	c.Want(`{"0":1,"1":2,"x":7,"y":1}`)
}

// randomRow is PHP that returns a row's field with any value.
const randomRow = `
function any($depth)
{
	switch (mt_rand(0,$depth>2?9:13)) {
		case 0: return mt_rand(-5,5);
		case 1: return mt_rand()*mt_rand();
		case 2: return mt_rand(0,1)?1.0:-0.0;
		case 3: return mt_rand()/7;
		case 4: return (mt_rand(0,1)?1:-1)*pow(10,mt_rand(-300,300));
		case 5: return null;
		case 6: return mt_rand(0,1)===1;
		case 7: $s=""; for ($i=mt_rand(0,9);$i>0;$i--) { $s.=chr(mt_rand(0,255)); } return $s;
		case 8: return "h\xc3\xa9 <b>&\"\\/ \xe2\x80\xa8 \xf0\x9f\x98\x80".mt_rand();
		case 9: return mt_rand(0,1)?INF:"";
		case 10: $o=new Desk; $o->name=any($depth+1); return $o;
		case 11: return new DateTime("2020-02-0".mt_rand(1,9));
		default: $a=array(); for ($i=mt_rand(0,4);$i>0;$i--) { $a[mt_rand(0,1)?mt_rand(-3,9):"k\xff".mt_rand(0,9)]=any($depth+1); } return $a;
	}
}
function scramble(&$row)
{
	for ($i=0;$i<20;$i++) { $row[mt_rand(0,3)?"f".mt_rand(0,30):mt_rand(0,9)]=any(0); }
	unset($row["f".mt_rand(0,30)]);
	$v=any(0); $row["twice"]=array(&$v,&$v);
}`

func TestAuditsRaiseNoFalseAlarm(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: drifting + randomRow, TOML: harness.Resident + "[server]\nping_interval = \"500ms\"\npong_timeout = \"5m\"\n"})
	const clients = 150 // more than one audit compares
	last := s.Connect()
	last.Ask(`global $total,$desk,$list; $total=any(0); $desk=array(new Desk,any(0)); $list=array(any(0),-0.0); return "ok";`)
	for i := 2; i <= clients; i++ {
		c := s.Connect()
		c.Ask(fmt.Sprintf(`mt_srand(%d); scramble($connection); $other=&$connections[%d]; scramble($other); return "ok";`, i, i-1))
		last = c
	}
	last.Ask(`$GLOBALS["shared"]=&$connections[` + fmt.Sprint(clients) + `]["marker"]; $connections[150]["marker"]=0; return "ok";`)
	for round := 1; round <= 2; round++ { // each ends when the last row is mended
		last.Ask(fmt.Sprintf(`global $shared; $shared=%d; return "ok";`, round))
		harness.Eventually(t, "the last row is mended", func() bool { return s.Log.Count(mended, "client 150: marker") == round })
	}
	if got := s.Log.Count(mended); got != 2 {
		t.Errorf("%d audits have found differences, want 2", got)
	}
	if text := s.Log.Text(); strings.Contains(text, "global variables:") {
		t.Error(text)
	}
}
