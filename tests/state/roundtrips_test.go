package state

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// rounds makes values of every kind; each event passes them on and tells whether they are unchanged.
const rounds = `
class Thing { public $p; protected $q="\xff"; private $r=1.0; }
function text() { $t=array("","a","ä","世","\0","\xff","\"\\/","\0php","\0b64:","7","-0","1.0"); return $t[mt_rand(0,11)].$t[mt_rand(0,11)]; }
function value($depth)
{
	switch (mt_rand(0,$depth>0?12:8))
	{
		case 0: return Null;
		case 1: return mt_rand(0,1)==1;
		case 2: return mt_rand(-5,5);
		case 3: return mt_rand(0,1)?PHP_INT_MAX:-PHP_INT_MAX-1;
		case 4: return mt_rand(-3,3)/2;
		case 5: return mt_rand()/mt_getrandmax()*pow(10,mt_rand(-300,300));
		case 6: $odd=array(NAN,INF,-INF,-0.0,0.0,1e15,1e21,4.9e-324,1.0); return $odd[mt_rand(0,8)];
		case 7: return text();
		case 8: return array();
		case 9: $o=new Thing(); $o->p=value($depth-1); return array($o,$o);
		case 10: $a=array(); for ($i=mt_rand(1,4);$i>0;$i--) { $a[]=value($depth-1); } return $a;
		case 11: $a=array(); for ($i=mt_rand(1,4);$i>0;$i--) { $a[mt_rand(-3,9)]=value($depth-1); } return $a;
	}
	$a=array(); for ($i=mt_rand(1,4);$i>0;$i--) { $a[text()]=value($depth-1); } return $a;
}
$kept=Null;
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $kept;
	if ($msg!="on")
	{
		mt_srand((int)$msg);
		$connection["sum"]="";
		for ($i=0;$i<40;$i++) { $v=value(4); $connection["v".$i]=$v; $connection["sum"].=md5(serialize($v)); }
		$kept=$connection["v0"];
		send_text($client_key,"made");
		return;
	}
	$sum="";
	for ($i=0;$i<40;$i++)
	{
		$sum.=md5(serialize($connection["v".$i]));
		$v=$connection["v".$i]; # to the end of the row, so that each event says it anew
		unset($connection["v".$i]);
		$connection["v".$i]=$v;
	}
	$same=$sum==$connection["sum"] && md5(serialize($kept))==substr($sum,0,32);
	$kept=array($kept);
	$kept=$kept[0];
	send_text($client_key,$same?"same":"changed");
}`

func TestValuesSurviveAThousandRoundTrips(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: rounds})
	for _, seed := range []string{"20260101", "7", "42", "1000003"} {
		c := s.Connect()
		if got := c.Ask(seed); got != "made" {
			t.Fatal(got)
		}
		for n := range 100 {
			if got := c.Ask("on"); got != "same" {
				t.Fatalf("seed %s, event %d: %s", seed, n, got)
			}
		}
	}
	c := s.Connect()
	c.Ask("1")
	for n := range 1000 {
		if got := c.Ask("on"); got != "same" {
			t.Fatalf("event %d: %s", n, got)
		}
	}
}
