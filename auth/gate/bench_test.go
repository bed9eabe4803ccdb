package gate

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"jeton/auth/token"
)

// BenchmarkAdmit is a whole decision with a token among 1,000, from the text to the grant: hash, look-up, all checks,
// level, and the note of its use. What it leaves out: HTTP, and the database of several nodes. cpu-ns/op is the time of the
// process and not of the wall: it holds on a machine that does other things too, with what runs beside (the writer of last
// uses, the collector).
func BenchmarkAdmit(b *testing.B) {
	w := newWorld(b)
	for range 1000 {
		w.mint(w.bob, token.VCS)
	}
	_, text := w.mint(w.ada, token.VCS, from("192.0.2.0/24"), boundTo("ada/private", "team/app"))
	ctx := context.Background()
	for _, c := range []struct {
		path string
		a    Access
	}{{"ada/private", Read}, {"team/app", Write}} {
		b.Run(fmt.Sprint(c.a), func(b *testing.B) {
			b.ReportAllocs()
			before := cpu(b)
			for b.Loop() {
				if _, err := w.gate.Admit(ctx, basic("git", text), Git, Resource{Path: c.path}, c.a); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu is the time that this process has computed so far.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
