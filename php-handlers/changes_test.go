package phphandlers

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestChangesAreThoseThatAPlainLoopFinds(t *testing.T) {
	for range 5 {
		seed := fmt.Sprint(rand.Int32())
		if out := runPHP(t, "testdata/changes.php", seed); out != "" {
			t.Errorf("seed %s: %.2000s", seed, out)
		}
	}
}
