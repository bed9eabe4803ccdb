package integration

import (
	"fmt"
	"strings"
)

// commandRows are pushes whose commands are wrong.
func (x *target) commandRows() []attack {
	raw := func(name, body, want string) attack {
		return attack{name, "git-receive-pack", "", body, 0, want, "ok refs/"}
	}
	create := func(ref string) string { return zero + " " + x.tip + " " + ref }
	many := func(n int, line func(int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(pkt(line(i)))
		}
		return b.String() + "0000"
	}
	return []attack{
		raw("no pkt-line at all", "POST / HTTP/1.1\r\n", "ERR"),
		raw("a length that is cut off", "00", "ERR"),
		raw("a length of letters", "wxyz", "ERR"),
		raw("a line that is cut off", pkt(create("refs/heads/x"))[:60], "ERR"),
		raw("no flush", pkt(create("refs/heads/x")+"\x00report-status"), "ERR"),
		raw("a delimiter", pkt(create("refs/heads/x")+"\x00report-status")+"0001", "ERR"),
		raw("words in place of a command", pkts("delete everything"), "ERR"),
		raw("an empty line", "0004"+"0000", "ERR"),
		raw("ids of 41 digits", pkts(zero+"0 "+x.tip+"0 refs/heads/x\x00report-status"), "ERR"),
		raw("ids of 64 digits", pkts(zero+strings.Repeat("0", 24)+" "+x.tip+strings.Repeat("0", 24)+" refs/heads/x\x00report-status"), "ERR"),
		raw("ids of capitals that are no digits", pkts(strings.Repeat("X", 40)+" "+x.tip+" refs/heads/x\x00report-status"), "ERR"),
		raw("no space behind the ids", pkts(zero+x.tip+"refs/heads/x\x00report-status"), "ERR"),
		raw("another object format", pkts(create("refs/heads/x")+"\x00report-status object-format=sha256"), "ERR"),
		raw("a move from nothing to nothing", command(zero, zero, "refs/heads/x"), "ng refs/heads/x"),
		raw("one ref twice", pkts(create("refs/heads/x")+"\x00report-status", create("refs/heads/x")), "ng refs/heads/x"),
		raw("a certificate that nobody asked for", pkts("push-cert\x00report-status", "certificate version 0.1\n", "pusher Eve <eve@example.com> 0 +0000\n", "\n",
			create("refs/heads/x")+"\n", "push-cert-end\n"), "ERR"),
		raw("a certificate that does not end", pkt("push-cert\x00report-status")+strings.Repeat(pkt("noise\n"), 10_000), "ERR"),
		raw("a shallow line of words", pkts("shallow here"), "ERR"),
		raw("100,001 shallow lines", many(100_001, func(i int) string { return fmt.Sprintf("shallow %040x", i+1) }), "ERR"),
		raw("100,001 commands", many(100_001, func(i int) string { return create(fmt.Sprintf("refs/heads/%d", i)) }), "ERR"),
		raw("names of 20 MB", many(400, func(i int) string { return create(fmt.Sprintf("refs/heads/%d/%s", i, strings.Repeat("x", 60_000))) }), "ERR"),
		raw("deleting HEAD's branch", command(x.tip, zero, "refs/heads/main"), "ng refs/heads/main"),
		raw("deleting what is not there", command(x.tip, zero, "refs/heads/nowhere"), "ng refs/heads/nowhere"),
		raw("moving from where the ref is not", command(x.parent, x.tip, "refs/heads/main")+packed(), "ng refs/heads/main"),
		raw("making what is there", command(zero, x.parent, "refs/heads/main")+packed(), "ng refs/heads/main"),
		raw("a branch that is a tag", command(zero, x.tag, "refs/heads/x")+packed(), "ng refs/heads/x"),
		raw("a branch below a branch", command(zero, x.tip, "refs/heads/main/below")+packed(), "ng refs/heads/main/below"),
		raw("two new refs one below the other", pkts(create("refs/tags/a")+"\x00report-status atomic", create("refs/tags/a/b"))+packed(), "ng refs/tags/a"),
	}
}

// refRows are pushes to names that no ref may have, each by git-check-ref-format, and to those of the server.
func (x *target) refRows() []attack {
	var rows []attack
	for _, name := range []string{
		"HEAD", "refs", "main", "refs/heads/", "refs/heads/.hidden", "refs/heads/a..b", "refs/heads/a.lock", "refs/heads/a//b", "refs/heads//a", "refs/heads/a/", "refs/heads/a.",
		"refs/heads/a b", "refs/heads/a~1", "refs/heads/a^", "refs/heads/a:b", "refs/heads/a?", "refs/heads/a*", "refs/heads/a[b", `refs/heads/a\b`, "refs/heads/a@{1}",
		"refs/heads/a\x01b", "refs/heads/a\x7fb", "refs/heads/a.lock/b", "refs/heads/../../config", "/etc/passwd", "../../../etc/passwd", "refs/heads/@{", "refs/jeton/keep",
		"refs/jeton/x/y",
	} {
		rows = append(rows, attack{fmt.Sprintf("the ref %q", name), "git-receive-pack", "", command(zero, x.tip, name) + packed(), 0, "ng ", "ok "})
	}
	for _, name := range []string{"refs/heads/a\x1b[31mred", "refs/heads/a\x1b]0;title\x07"} {
		rows = append(rows, attack{fmt.Sprintf("what a terminal obeys in %q", name), "git-receive-pack", "", command(zero, x.tip, name) + packed(), 0, `\x1b`, "\x1b"})
	}
	return append(rows, attack{"a ref of 5,000 bytes", "git-receive-pack", "", command(zero, x.tip, "refs/heads/"+strings.Repeat("x", 5000)) + packed(), 0, "ERR", "ok "})
}
