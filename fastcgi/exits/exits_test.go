package exits

import (
	"os/exec"
	"testing"
)

func TestTheEndOfAProcessIsTold(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{})
	w, err := Start(cmd.Process.Pid, func() { close(told) })
	if err != nil {
		t.Fatal(err)
	}
	stopped, err := Start(cmd.Process.Pid, func() { t.Error("told after its end") })
	if err != nil {
		t.Fatal(err)
	}
	stopped.Stop()
	stopped.Stop()
	select {
	case <-told:
		t.Error("told too early")
	default:
	}
	in.Close()
	<-told
	w.Stop()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := Start(cmd.Process.Pid, func() {}); err == nil {
		t.Error("an ended process is watched")
	}
}
