package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const token = "t0k3n"

// decode feeds the answer in pieces of the given size and returns each effect as JSON followed by its payload.
func decode(answer string, piece int) (effects []string, err error) {
	d := NewAnswerDecoder(token, 1<<20)
	apply := func(e *Effect) error {
		effects = append(effects, show(e))
		return nil
	}
	for len(answer) > 0 {
		n := min(piece, len(answer))
		if err := d.Feed([]byte(answer[:n]), apply); err != nil {
			return effects, err
		}
		answer = answer[n:]
	}
	return effects, d.Finish(apply)
}

func show(e *Effect) string {
	if e.Stray != "" {
		return "stray " + e.Stray
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	if s := e.payload(); s != nil {
		return string(b) + " " + string(s.Payload)
	}
	return string(b)
}

func TestAnswerIsTheSameInAnyPieces(t *testing.T) {
	answer := "Warning: printed before the PHP half ran\n" +
		token + ` {"seq":1,"send":{"to":[12,15],"length":5}}` + "\nhello\n" +
		token + ` {"seq":1,"send":{"to":"open","binary":true,"length":0}}` + "\n\n" +
		token + ` {"seq":1,"frames":{"to":[2],"length":4}}` + "\n" + token[:2] + "\n\n\n" +
		`{"seq":1,"done":{}}` + "\n" +
		token + ` {"seq":1,"close":{"client":15,"code":1008,"reason":"flood","handled":true}}` + "\n" +
		token + ` {"seq":1,"done":{"result":true,"rows":{"12":{"set":{"b":1,"a":[1,2]},"unset":["c"]},"15":null},"code":"9f"}}` + "\n" +
		"printed after it"
	want, err := decode(answer, len(answer))
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != 8 {
		t.Fatalf("got %d effects: %q", len(want), want)
	}
	for piece := 1; piece < 40; piece++ {
		got, err := decode(answer, piece)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("in pieces of %d: %v\n got %q\nwant %q", piece, err, got, want)
		}
	}
}

func TestAnswerEffects(t *testing.T) {
	for name, row := range map[string]struct{ line, want string }{
		"text to keys":    {`{"seq":1,"send":{"to":[3],"length":2}}` + "\nhi", `{"seq":1,"send":{"to":[3],"length":2}} hi`},
		"newline within":  {`{"seq":1,"send":{"to":"open","length":3}}` + "\na\nb", `{"seq":1,"send":{"to":"open","length":3}} a` + "\nb"},
		"row order kept":  {`{"seq":1,"done":{"rows":{"1":{"set":{"z":1,"a":2}}}}}`, `{"seq":1,"done":{"rows":{"1":{"set":{"z":1,"a":2}}}}}`},
		"php empty array": {`{"seq":1,"done":{"rows":[]}}`, `{"seq":1,"done":{}}`},
		"no fields set":   {`{"seq":1,"done":{"rows":{"1":{"set":[]}}}}`, `{"seq":1,"done":{"rows":{"1":{}}}}`},
		"failure":         {`{"seq":2,"failed":{"kind":"exit","message":"m"}}`, `{"seq":2,"failed":{"kind":"exit","message":"m"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(token+" "+row.line+"\n", 7)
			if err != nil || len(got) != 1 || got[0] != row.want {
				t.Errorf("got %q, %v; want %q", got, err, row.want)
			}
		})
	}
}

func TestAnswerMalformed(t *testing.T) {
	for name, row := range map[string]struct {
		answer string
		want   error
	}{
		"not JSON":              {token + " hello\n", ErrMalformed},
		"no effect":             {token + ` {"seq":1}` + "\n", ErrMalformed},
		"two effects":           {token + ` {"seq":1,"log":{},"done":{}}` + "\n", ErrMalformed},
		"no seq":                {token + ` {"done":{}}` + "\n", ErrMalformed},
		"negative length":       {token + ` {"seq":1,"send":{"to":[1],"length":-1}}` + "\n", ErrMalformed},
		"payload over limit":    {token + ` {"seq":1,"send":{"to":[1],"length":99999999}}` + "\n", ErrMalformed},
		"payload too long":      {token + ` {"seq":1,"send":{"to":[1],"length":2}}` + "\nabc\n", ErrMalformed},
		"row that is no object": {token + ` {"seq":1,"done":{"rows":{"1":{"set":[1]}}}}` + "\n", ErrMalformed},
		"ends inside a line":    {token + ` {"seq":1,"do`, ErrCutOff},
		"ends inside a payload": {token + ` {"seq":1,"send":{"to":[1],"length":9}}` + "\nabc", ErrCutOff},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(row.answer, 5)
			if !errors.Is(err, row.want) || len(got) > 0 {
				t.Errorf("got %q, %v; want %v", got, err, row.want)
			}
		})
	}
}

func TestAnswerKeepsLittleOfLongStrayLines(t *testing.T) {
	answer := strings.Repeat("x", 5*MaxStray) + "\n" + token + ` {"seq":1,"done":{}}` + "\n"
	got, err := decode(answer, 1000)
	if err != nil || len(got) != 2 || len(got[0]) > MaxStray+len("stray ") || !strings.Contains(got[1], "done") {
		t.Errorf("got %d effects, first of %d bytes, %v", len(got), len(got[0]), err)
	}
}

func TestAnswerErrorQuotesLittle(t *testing.T) {
	_, err := decode(token+" "+strings.Repeat("y", 100_000)+"\n", 4096)
	if err == nil || len(err.Error()) > 500 {
		t.Errorf("error of %d bytes", len(fmt.Sprint(err)))
	}
}

func TestAnswerStopsAtApplysError(t *testing.T) {
	boom := errors.New("boom")
	d := NewAnswerDecoder(token, 10)
	calls := 0
	line := token + ` {"seq":1,"log":{"level":"info","message":"m"}}` + "\n"
	err := d.Feed([]byte(line+line), func(*Effect) error { calls++; return boom })
	if err != boom || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(token+` {"seq":1,"send":{"to":[1],"length":2}}`+"\nhi\n", 3)
	f.Add(token+` {"seq":1,"done":{"rows":{"1":{"set":{"a":1}},"2":null}}}`+"\nstray", 1)
	f.Add("stray\n"+token+` {"seq":1,"failed":{"kind":"exit"}}`+"\n", 9)
	f.Fuzz(func(t *testing.T, answer string, piece int) {
		if piece < 1 {
			return
		}
		whole, err := decode(answer, len(answer)+1)
		pieces, err2 := decode(answer, piece)
		if fmt.Sprint(whole) != fmt.Sprint(pieces) || (err == nil) != (err2 == nil) {
			t.Errorf("whole %q, %v; in pieces of %d %q, %v", whole, err, piece, pieces, err2)
		}
	})
}

// What a worker says of its child processes is an effect of no event.
func TestChildrenEffect(t *testing.T) {
	d := NewAnswerDecoder("+", 1)
	var got []*Children
	line := `+ {"seq":9223372036854775807,"children":{"running":{"7":{"program":"sort","state":"eA=="}},"ended":[5]}}` + "\n" +
		`+ {"seq":9223372036854775807,"children":{"ready":true}}` + "\n"
	if err := d.Feed([]byte(line), func(e *Effect) error { got = append(got, e.Children); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []*Children{{Running: map[string]Child{"7": {Program: "sort", State: "eA=="}}, Ended: []int{5}}, {Ready: true}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
