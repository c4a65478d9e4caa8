package resident

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds every wait for something that must happen. It costs nothing when it does, and the machine may be slow and busy.
const patience = 2 * time.Minute

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
