package phphandlers

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// TestPropertyRowsReachPHPAsJSONWould takes generated rows the whole way: PHP encodes them as JSON, Go encodes that as it sends
// rows back, and PHP must read the same from both.
func TestPropertyRowsReachPHPAsJSONWould(t *testing.T) {
	a := newApp(t, "")
	a.write(t, "generate.php", generateValues+`
require $argv[1];
for ($n=0;$n<1000;$n++) { echo "{",Wsbridge\Value::encodeName(text()),":",Wsbridge\Value::encode(value(5)),",\"x\":",Wsbridge\Value::encode(value(5)),"}\n"; }`)
	a.write(t, "compare.php", `<?php
require $argv[1];
$documents=file($argv[2],FILE_IGNORE_NEW_LINES);
$rows=Wsbridge\Value::entries(file_get_contents($argv[3]));
foreach ($documents as $n => $document) {
	if (serialize(json_decode($document,true))!==serialize($rows[$n])) { exit("row ".$n.": ".$document." became ".serialize($rows[$n])); }
}
echo count($rows)," rows";`)
	documents := runPHP(t, a.path("generate.php"), a.path("php/src/Value.php"))
	var rows []byte
	lines := bytes.Split(bytes.TrimSpace([]byte(documents)), []byte("\n"))
	rows = append(rows, []byte("a:1000:{")...)
	for n, line := range lines {
		var fields protocol.Fields
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatal(err)
		}
		rows, _ = protocol.AppendRow(rows, int64(n), fields)
	}
	a.write(t, "documents", documents)
	if err := os.WriteFile(a.path("rows"), append(rows, '}'), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := runPHP(t, a.path("compare.php"), a.path("php/src/Value.php"), a.path("documents"), a.path("rows")); got != "1000 rows" {
		t.Error(got)
	}
}
