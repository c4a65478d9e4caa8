package socket

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// chat is a text of common content.
var chat = strings.Repeat(`{"room":"lobby","from":"somebody","text":"a chat message of common size, neither long nor short","at":1712345678.123}`, 1000)

func BenchmarkDeflate(b *testing.B) {
	for _, size := range []int{256, 1024, 4096, 16384, 65536} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var pool sync.Pool
			b.ReportAllocs()
			for b.Loop() {
				deflate(&pool, OpText, []byte(chat[:size]))
			}
		})
	}
}

func BenchmarkSend(b *testing.B) {
	for _, direct := range []bool{true, false} {
		b.Run(fmt.Sprintf("direct=%v", direct), func(b *testing.B) {
			p := newPair(b, nil)
			p.raw.direct = direct
			got := discardAll(p.client)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Send(NewMessage(OpText, []byte(chat[:100]))); err != nil {
					b.Fatal(err)
				}
				<-got
			}
		})
	}
}

// BenchmarkEcho is a message that goes from the client to the server and back, which it does in one piece or in many.
func BenchmarkEcho(b *testing.B) {
	for _, deflate := range []Deflate{NoDeflate, DeflateApart} {
		for _, size := range []int{100, 10_000} {
			b.Run(fmt.Sprintf("deflate=%v/%d", deflate, size), func(b *testing.B) {
				p := newPair(b, func(o *Options) { o.Deflate = deflate })
				p.work.Go(func() {
					for {
						_, data, end := p.Read()
						if end != nil {
							return
						}
						if err := p.Send(NewMessage(OpText, data)); err != nil {
							b.Error(err)
						}
					}
				})
				text := []byte(chat[:size])
				b.ReportAllocs()
				for b.Loop() {
					if err := p.client.WriteMessage(websocket.TextMessage, text); err != nil {
						b.Fatal(err)
					}
					if _, _, err := p.client.ReadMessage(); err != nil {
						b.Fatal(err)
					}
				}
				p.client.Close()
			})
		}
	}
}

// discardAll reads what a client gets and tells of each message.
func discardAll(conn *websocket.Conn) <-chan struct{} {
	got := make(chan struct{}, 1000)
	go func() {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
			got <- struct{}{}
		}
	}()
	return got
}

// BenchmarkBroadcast is how long the caller is held by a message to that many, per recipient.
func BenchmarkBroadcast(b *testing.B) {
	for _, n := range []int{1, 4, 16, 64, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var conns []*Conn
			var got []<-chan struct{}
			for range n {
				p := newPair(b, nil)
				conns = append(conns, p.Conn)
				got = append(got, discardAll(p.client))
			}
			text := []byte(chat[:1000])
			b.ReportAllocs()
			var held time.Duration
			for b.Loop() {
				began := time.Now()
				conns[0].upgrader.Broadcast(NewMessage(OpText, text), these(conns...), func(_ int, err error) { b.Error(err) })
				held += time.Since(began)
				for _, one := range got {
					<-one
				}
			}
			b.ReportMetric(float64(held.Nanoseconds())/float64(b.N), "held-ns/op")
		})
	}
}
