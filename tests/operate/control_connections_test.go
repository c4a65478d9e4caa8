package operate

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

const rooms = `
class Cart { public $items=3; private $secret="x"; }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	$connection["login"]=substr($cookies,6);
	return True;
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="odd")
	{
		$connection["bytes"]="\xff\xfe";
		$connection["cart"]=new Cart();
		$connection["many"]=array(1,"two",array("three"=>3.5));
		$connection["endless"]=INF;
		$connection["long"]=str_repeat("ä",5000);
		$connection["na\xffme"]=true;
	}
	elseif ($msg=="die") { no_such_function(); }
	else { $connection["room"]=$msg; }
	send_text($client_key,$msg);
}`

func TestControlListsConnectionsByTheirRows(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: rooms})
	control := s.Control()
	for _, name := range []string{"anna", "anton", "bert"} {
		c := s.ConnectAs("login=" + name)
		if name != "bert" {
			c.Ask("lobby")
		}
	}
	for name, row := range map[string]struct {
		query url.Values
		want  string
	}{
		"all":               {url.Values{}, "anna anton bert of 3"},
		"by a field":        {url.Values{"row.login": {"anna"}}, "anna of 1"},
		"by two":            {url.Values{"state": {"OPEN"}, "row.login": {"an*"}, "row.room": {"lobby"}}, "anna anton of 2"},
		"by a beginning":    {url.Values{"row.login": {"ant*"}}, "anton of 1"},
		"by what is not":    {url.Values{"row.room": {""}}, "bert of 1"},
		"by another state":  {url.Values{"state": {"CLOSED"}}, " of 0"},
		"a page":            {url.Values{"limit": {"2"}}, "anna anton of 3 next 2"},
		"the page after it": {url.Values{"limit": {"2"}, "after": {"2"}}, "bert of 3"},
	} {
		row.query.Set("fields", "login,nothing")
		list, err := control.Connections(t.Context(), row.query)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range list.Connections {
			if len(c.Row) != 1 || c.State != "OPEN" {
				t.Errorf("%s: got %+v", name, c)
			}
			names = append(names, strings.Trim(string(c.Row.Get("login")), `"`))
		}
		got := fmt.Sprintf("%s of %d", strings.Join(names, " "), list.Total)
		if list.Next != 0 {
			got += fmt.Sprintf(" next %d", list.Next)
		}
		if got != row.want {
			t.Errorf("%s: got %s, want %s", name, got, row.want)
		}
	}
	for query, part := range map[string]string{
		"limit=0": "1 to", "limit=x": "limit=x", "after=-1": "after", "color=red": `"color"`, "row.=x": "row.", "row.login=a*b": "asterisk",
	} {
		wantRefusal(t, s.Order(http.MethodGet, "/v1/connections?"+query, "", nil), http.StatusBadRequest, part)
	}
}

func TestControlShowsAConnection(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: rooms})
	control := s.Control()
	conn, _, err := s.Dial("/chat?secret=1", http.Header{"Cookie": {"login=anna"}, "User-Agent": {"tests"}})
	if err != nil {
		t.Fatal(err)
	}
	conn.Ask("odd")
	conn.Ask("lobby")
	conn.Send("die")
	var got *api.ConnectionDetails
	harness.Eventually(t, "the last event is over", func() bool {
		if got, err = control.Connection(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		return len(got.History) == 4
	})
	for name, want := range map[string]string{
		"login": `"anna"`, "state": `"OPEN"`, "room": `"lobby"`, "many": `[1,"two",{"three":3.5}]`, "bytes": `{"base64":"//4="}`,
		"cart": `{"__class":"Cart","items":3,"secret":"x"}`, "endless": `"INF"`, "long": `"` + strings.Repeat("ä", 5000) + `"`,
		"base64:bmH/bWU=": "true",
	} {
		if value := string(got.Row.Get(name)); value != want {
			t.Errorf("%s: got %.200s, want %.200s", name, value, want)
		}
	}
	if want := (api.Request{Path: "/chat", UserAgent: "tests"}); got.Request != want {
		t.Errorf("got %+v, want %+v", got.Request, want)
	}
	if want := (api.Messages{Received: 3, ReceivedBytes: 11, Sent: 2, SentBytes: 8}); got.Messages != want {
		t.Errorf("got %+v, want %+v", got.Messages, want)
	}
	wantHistory(t, got.History)
	wantShortened(t, control)
	_, err = control.Connection(t.Context(), 12)
	wantRefusal(t, err, http.StatusNotFound, "no connection 12")
	wantRefusal(t, s.Order(http.MethodGet, "/v1/connections/anna", "", nil), http.StatusBadRequest, "anna")
}

func wantHistory(t *testing.T, history []api.Event) {
	t.Helper()
	var got []string
	for _, e := range history {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %d %s", e.Event, e.Bytes, e.Failure)))
		if e.Client != 1 || e.Total <= 0 || e.Seq == 0 || e.Time.IsZero() || e.Effects != nil {
			t.Errorf("got %+v", e)
		}
	}
	if want := "authenticate 0|text 3|text 5|text 3 fatal"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %s", got, want)
	}
	if e := history[2]; e.Made.Sent != 1 || e.Made.SentBytes != 5 || e.Made.Rows != 1 {
		t.Errorf("got %+v", e.Made)
	}
	if e := history[3]; e.Error == "" || !strings.HasSuffix(e.File, "push_server_events.php") {
		t.Errorf("got %+v", e)
	}
}

// A list does not carry whole values.
func wantShortened(t *testing.T, control harness.Operator) {
	t.Helper()
	list, err := control.Connections(t.Context(), url.Values{"fields": {"long"}})
	if err != nil {
		t.Fatal(err)
	}
	var text api.Text
	if err := text.UnmarshalJSON(list.Connections[0].Row.Get("long")); err != nil || string(text.Data) != strings.Repeat("ä", 2048) ||
		text.Cut != 10000-4096 {
		t.Errorf("got %d bytes and %d cut, %v", len(text.Data), text.Cut, err)
	}
}
