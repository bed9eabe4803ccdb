package wire

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"jeton/web/door"
)

// TestConnectionsBeyondTheBoundsAreClosed fills a listener from one network, and from a trusted proxy.
func TestConnectionsBeyondTheBoundsAreClosed(t *testing.T) {
	for _, c := range []struct {
		name    string
		proxies door.Proxies
		want    int
	}{{"one network has half", door.Proxies{}, 2}, {"a proxy has all", door.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, 4}} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		crowd, inside := newCrowd(ln, 4, c.proxies), make(chan net.Conn, 10)
		over := make(chan struct{})
		go func() {
			defer close(over)
			for {
				conn, err := crowd.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Write([]byte("in"))
				inside <- conn
			}
		}()
		enter := func() bool {
			conn, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			_, err = io.ReadFull(conn, make([]byte, 2))
			return err == nil
		}
		for i := range c.want + 2 {
			if got := enter(); got != (i < c.want) {
				t.Errorf("%s: connection %d is let in: %v", c.name, i+1, got)
			}
		}
		first := <-inside
		_ = first.Close()
		_ = first.Close() // a second time gives nothing back
		for i, want := range []bool{true, false} {
			if got := enter(); got != want {
				t.Errorf("%s: connection %d after one was closed is let in: %v", c.name, i+1, got)
			}
		}
		_ = ln.Close()
		<-over
		for len(inside) > 0 {
			_ = (<-inside).Close()
		}
		if crowd.open != 0 || len(crowd.from) != 0 {
			t.Errorf("%s: %d are counted when all are closed, %v", c.name, crowd.open, crowd.from)
		}
	}
}
