package attacks

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// crier broadcasts a message of the size it is asked for, and echoes everything else.
const crier = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if (sscanf($msg,"cry %d %d",$n,$size)==2) { broadcast_to_all(str_pad("cry ".$n." ",$size,"x")); }
	else { send_text($client_key,$msg); }
}
`

// impatient ends clients that do not read after two seconds, and queues little for them.
const impatient = "server.max_message = \"256KiB\"\nserver.send_queue_bytes = \"256KiB\"\nserver.write_timeout = \"2s\"\n"

func cry(n, size int) frame {
	s := fmt.Sprint("cry ", n, " ")
	return text(s + strings.Repeat("x", size-len(s)))
}

// deafen makes the kernel's receive buffer small, for a client that never reads.
func deafen(p *peer) { _ = p.Conn.(*net.TCPConn).SetReadBuffer(4 << 10) }

func TestClientThatNeverReadsIsBroadcastTo(t *testing.T) {
	s := serve(t, crier, impatient)
	const size, cries = 64 << 10, 200
	survives(t, s, func(t *testing.T) {
		deaf, loud := s.In(t).Peer(), s.In(t).Peer()
		deafen(deaf)
		longest := time.Duration(0)
		for n := range cries {
			began := time.Now()
			loud.Send(text(fmt.Sprintf("cry %d %d", n, size)))
			loud.Want(cry(n, size))
			longest = max(longest, time.Since(began))
		}
		if longest > mostStall {
			t.Errorf("who reads waited for %v", longest)
		}
		slow(t, s, 1)
		deaf.Conn.Close()
		loud.Bye()
	})
}

var leftSlow = regexp.MustCompile(`"msg":"client left".*"ending":"slow"`)

// slow waits until n clients have been ended because they do not read.
func slow(t *testing.T, s *server, n int) {
	t.Helper()
	harness.Eventually(t, fmt.Sprint(n, " clients are ended as slow"), func() bool {
		return len(leftSlow.FindAllString(s.Log.Text(), -1)) == n
	})
}

// TestBroadcastToThousandsOfWhomSomeAreStuck wants all others to get every message, whole and in order.
func TestBroadcastToThousandsOfWhomSomeAreStuck(t *testing.T) {
	s := serve(t, crier, impatient)
	const size, stuck, cries = 64 << 10, many / 20, 4
	survivesGrowing(t, s, mostOfMany, func(t *testing.T) {
		peers := gather(t, s, many)
		for _, p := range peers[:stuck] {
			deafen(p)
		}
		var group sync.WaitGroup
		heard := make(chan int, many)
		for _, p := range peers[stuck:] {
			group.Go(func() { hear(p, size, heard) })
		}
		loud := s.In(t).Peer()
		defer loud.Conn.Close()
		go func() { _ = loud.Discard() }() // ends with the connection
		for n := range cries {
			began := time.Now()
			loud.Send(text(fmt.Sprintf("cry %d %d", n, size)))
			for range many - stuck {
				if got := <-heard; got != n {
					t.Fatalf("heard %d, want %d", got, n)
				}
			}
			if took := time.Since(began); took > mostStall {
				t.Errorf("cry %d took %v", n, took)
			} else {
				t.Logf("cry %d has reached %d clients after %v", n, many-stuck, took.Round(time.Millisecond))
			}
		}
		for _, p := range peers {
			p.Conn.Close()
		}
		group.Wait()
	})
}

// hear sends the number of each message that p gets, or -1 for a wrong one, until the connection ends.
func hear(p *peer, size int, heard chan<- int) {
	for n := 0; ; n++ {
		_ = p.Conn.SetReadDeadline(time.Now().Add(2 * harness.Patience))
		f, err := p.ReadFrame()
		if err != nil {
			return
		}
		if f != cry(n, size) {
			heard <- -1
			return
		}
		heard <- n
	}
}
