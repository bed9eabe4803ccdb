package integration

import (
	"fmt"
	"strings"
)

// fetch2 is a fetch of protocol 2.
func fetch2(args ...string) string { return pkt("command=fetch") + "0001" + pkts(args...) }

// fetchRows are requests of a fetch whose form is wrong.
func (x *target) fetchRows() []attack {
	v0 := func(name, body, want string) attack {
		return attack{name, "git-upload-pack", "", body, 0, want, "PACK"}
	}
	v2 := func(name, body, want string) attack {
		return attack{name, "git-upload-pack", "version=2", body, 0, want, "PACK"}
	}
	return []attack{
		v0("no pkt-line at all", "GET / HTTP/1.1\r\n\r\n", "ERR"),
		v0("a length of letters", "zzzz", "ERR"),
		v0("a length with a sign", "+004", "ERR"),
		v0("a length with a space", " 004", "ERR"),
		v0("a length of 3", "0003", "ERR"),
		v0("a length in 0x form", "0x10", "ERR"),
		v0("two digits of a length", "00", "ERR"),
		v0("a line that is cut off", "0032want "+x.tip, "ERR"),
		v0("a length above 65520", "ffff"+strings.Repeat("a", 65531), "ERR"),
		v0("a want of 39 digits", pkt("want "+x.tip[:39])+"00000009done\n", "ERR"),
		v0("a want of 41 digits", pkt("want "+x.tip+"0")+"00000009done\n", "ERR"),
		v0("a want of 64 digits", pkt("want "+x.tip+strings.Repeat("0", 24))+"00000009done\n", "ERR"),
		v0("a want in capitals that names nothing", pkt("want "+strings.Repeat("Z", 40))+"00000009done\n", "ERR"),
		v0("a want with a NUL among its digits", pkt("want "+x.tip[:20]+"\x00"+x.tip[21:]+"\n")+"00000009done\n", "ERR"),
		v0("a have in place of a want", pkt("have "+x.tip+"\n")+"00000009done\n", "ERR"),
		v0("done in place of a want", "0009done\n", "ERR"),
		v0("words in place of a have", pkt("want "+x.tip+"\n")+"0000"+pkt("hav "+x.tip+"\n")+"0009done\n", "ERR"),
		v0("a have of 41 digits", pkt("want "+x.tip+"\n")+"0000"+pkt("have "+x.tip+"1\n")+"0009done\n", "ERR"),
		v0("no flush behind the wants", pkt("want "+x.tip+"\n"), "ERR"),
		v0("a delimiter of protocol 2", pkt("want "+x.tip+"\n")+"0001"+"0009done\n", "ERR"),
		v0("a deepen of words", pkt("want "+x.tip+"\n")+pkt("deepen many\n")+"00000009done\n", "ERR"),
		v0("a negative deepen", pkt("want "+x.tip+"\n")+pkt("deepen -1\n")+"00000009done\n", "ERR"),
		v0("a deepen beyond every number", pkt("want "+x.tip+"\n")+pkt("deepen 99999999999999999999\n")+"00000009done\n", "ERR"),
		v0("deepen-since yesterday", pkt("want "+x.tip+" deepen-since\n")+pkt("deepen-since yesterday\n")+"00000009done\n", "ERR"),
		v0("deepen-not of nothing", pkt("want "+x.tip+" deepen-not\n")+pkt("deepen-not refs/heads/nowhere\n")+"00000009done\n", "ERR"),
		v0("a shallow line of words", pkt("want "+x.tip+"\n")+pkt("shallow yes\n")+"00000009done\n", "ERR"),
		v0("a filter of words", pkt("want "+x.tip+" filter\n")+pkt("filter everything\n")+"00000009done\n", "ERR"),
		v2("no command", pkts("agent=git/2.0"), "ERR"),
		v2("a command that is none", pkts("command=shutdown"), "ERR"),
		v2("a command of other services", pkts("command=push"), "ERR"),
		v2("two commands", pkts("command=ls-refs", "command=fetch"), "ERR"),
		v2("arguments before the command", pkts("peel", "command=ls-refs"), "ERR"),
		v2("an argument that is none", pkt("command=ls-refs")+"0001"+pkts("everything"), "ERR"),
		v2("an argument of a fetch that is none", fetch2("want "+x.tip, "give me all", "done"), "ERR"),
		v2("a request that is cut off", pkt("command=fetch")+"0001"+pkt("want "+x.tip), "ERR"),
		v2("a request that ends in the arguments' place", pkt("command=fetch")+"0001", "ERR"),
		v2("two delimiters", pkt("command=fetch")+"00010001"+pkts("want "+x.tip, "done"), "ERR"),
		v2("a response-end packet", pkt("command=fetch")+"0002", "ERR"),
		v2("another object format", pkt("command=fetch")+pkt("object-format=sha256")+"0001"+pkts("want "+x.tip, "done"), "ERR"),
		v2("a want of 41 digits", fetch2("want "+x.tip+"0", "done"), "ERR"),
		v2("a want of 64 digits", fetch2("want "+x.tip+strings.Repeat("0", 24), "done"), "ERR"),
		v2("a have of 39 digits", fetch2("want "+x.tip, "have "+x.tip[:39], "done"), "ERR"),
		v2("a want-ref of nothing", fetch2("want-ref refs/heads/nowhere", "done"), "ERR"),
		v2("a filter that does not end", fetch2("want "+x.tip, "filter combine:"+strings.Repeat("combine:", 3000)+"blob:none", "done"), "ERR"),
		v2("a filter of very many", fetch2("want "+x.tip, "filter combine:blob:none"+strings.Repeat("+blob:none", 5000), "done"), "ERR"),
		v2("a filter with a broken escape", fetch2("want "+x.tip, "filter combine:blob:none+tree%3", "done"), "ERR"),
		v2("a blob:limit of minus one", fetch2("want "+x.tip, "filter blob:limit=-1", "done"), "ERR"),
		v2("a depth of tree beyond every number", fetch2("want "+x.tip, "filter tree:99999999999999999999999", "done"), "ERR"),
		v2("object-info without a size to ask for", pkt("command=object-info")+"0001"+pkts("oid abc"), "ERR"),
	}
}

// wantRows are fetches that ask for too much, or for what is not there.
func (x *target) wantRows() []attack {
	v0 := func(name, body, want string) attack {
		return attack{name, "git-upload-pack", "", body, 0, want, "PACK"}
	}
	v2 := func(name, body, want string) attack {
		return attack{name, "git-upload-pack", "version=2", body, 0, want, "PACK"}
	}
	var haves, wants, prefixes strings.Builder
	for i := range 100_000 {
		haves.WriteString(pkt(fmt.Sprintf("have %040x\n", i+1)))
	}
	for i := range 100_001 {
		wants.WriteString(pkt(fmt.Sprintf("want %040x\n", i+1)))
	}
	for range 70_000 {
		prefixes.WriteString(pkt("ref-prefix refs/heads/\n"))
	}
	return []attack{
		v0("100,000 haves that are nowhere", pkt("want "+x.tip+"\n")+"0000"+haves.String()+"0000", "NAK"),
		v2("100,000 haves that are nowhere", pkt("command=fetch")+"0001"+pkt("want "+x.tip)+haves.String()+"0000", "NAK"),
		v0("100,001 wants", wants.String()+"00000009done\n", "ERR"),
		v2("100,001 wants", pkt("command=fetch")+"0001"+wants.String()+pkts("done"), "ERR"),
		v2("70,000 prefixes", pkt("command=ls-refs")+"0001"+prefixes.String()+"0000", "refs/heads/main"),
		v0("the zero id", pkt("want "+zero+"\n")+"00000009done\n", "not our ref "+zero),
		v2("the zero id", fetch2("want "+zero, "done"), "not our ref "+zero),
		v2("a server option of 60 kB, with what a terminal obeys", pkt("command=ls-refs")+pkt("server-option=\x1b]0;mine\x07"+strings.Repeat("x", 60_000))+"0001"+pkts("ref-prefix refs/heads/main"), "refs/heads/main"),
		v2("a command with what a terminal obeys", pkts("command=\x1b[2J"), `\x1b[2J`),
	}
}

// hiddenRows ask for what is in the store, and not for this client to see: the answer is that of what is not there.
func (x *target) hiddenRows() []attack {
	var rows []attack
	for _, o := range []struct{ name, id string }{
		{"a commit of a deleted branch", x.hiddenCommit}, {"a tree of a deleted branch", x.hiddenTree}, {"a blob of a deleted branch", x.hiddenBlob},
		{"a commit of another repository", x.foreign}, {"an object that is nowhere", x.absent},
	} {
		rows = append(rows,
			attack{"want of " + o.name, "git-upload-pack", "", pkt("want "+o.id+" no-progress\n") + "00000009done\n", 0, "ERR upload-pack: not our ref " + o.id, "PACK"},
			attack{"want of " + o.name + ", protocol 2", "git-upload-pack", "version=2", fetch2("want "+o.id, "done"), 0, "ERR upload-pack: not our ref " + o.id, "PACK"},
			attack{"have of " + o.name, "git-upload-pack", "version=2", fetch2("want "+x.tip, "have "+o.id), 0, "NAK", "ACK " + o.id},
			attack{"object-info of " + o.name, "git-upload-pack", "version=2", pkt("command=object-info") + "0001" + pkts("size", "oid "+o.id), 0, "size", o.id + " 2"},
			attack{"sparse:oid of " + o.name, "git-upload-pack", "version=2", fetch2("want "+x.tip, "filter sparse:oid="+o.id, "done"), 0, "ERR", "PACK"},
			attack{"push of a ref to " + o.name, "git-receive-pack", "", command(zero, o.id, "refs/tags/mine") + packed(), 0, "ng refs/tags/mine", "ok refs/"},
		)
	}
	return rows
}
