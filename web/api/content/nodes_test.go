package content

import (
	"crypto/md5" //nolint:gosec // RhodeCode's checksum
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"jeton/web/api/method"
)

func sum(s string) string {
	h := md5.Sum([]byte(s)) //nolint:gosec // as above
	return hex.EncodeToString(h[:])
}

func TestNodesAreListedAsRhodeCodeDoes(t *testing.T) {
	p := example(t, Limits{})
	for _, c := range []struct{ args, want string }{
		{`"revision":"0","root_path":"/"`, "src src/deep README.md link src/a.py src/l\\xe4tin src/deep/bin.dat"},
		{`"revision":"0","root_path":"","ret_type":"dirs"`, "src src/deep"},
		{`"revision":"0","root_path":"/","ret_type":"files","details":"minimal"`, "README.md link src/a.py src/l\\xe4tin src/deep/bin.dat"},
		{`"revision":"0","root_path":"src/","details":"extended"`, "src/deep src/a.py src/l\\xe4tin src/deep/bin.dat"},
		{`"revision":"main","root_path":"/src/deep"`, "src/deep/bin.dat"},
		{`"revision":"0","root_path":"/","start":1,"limit":2`, "src/deep README.md"},
		{`"revision":"0","root_path":"/","start":6`, "src/deep/bin.dat"},
		{`"revision":"0","root_path":"/","start":7,"limit":5`, ""},
		{`"revision":"0","root_path":"/","limit":0`, ""},
	} {
		var got []string
		for _, n := range reply[[]Node](p, "get_repo_nodes", "{%s}", c.args) {
			got = append(got, n.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, want %q", c.args, got, c.want)
		}
	}
}

func TestNodesTellWhatIsInFiles(t *testing.T) {
	p := example(t, Limits{})
	nodes := map[string]Node{}
	for _, n := range reply[[]Node](p, "get_repo_nodes", `{"revision":"0","root_path":"/","details":"full"}`) {
		nodes[n.Name] = n
	}
	md := nodes["README.md"]
	if *md.MD5 != sum("a\nb\n") || *md.Binary || *md.Size != 4 || *md.Extension != "md" || *md.Mimetype != "text/x-markdown" || *md.Lines != 2 || *md.Content != "a\nb\n" || md.Encoding != nil || md.Type != "file" {
		t.Errorf("README.md is %+v", md)
	}
	bin := nodes["src/deep/bin.dat"]
	if !*bin.Binary || bin.Content != nil || *bin.MD5 != sum("\x00\xff\x01") || *bin.Lines != 0 || *bin.Mimetype != "application/octet-stream" {
		t.Errorf("a binary file is %+v", bin)
	}
	latin := nodes[`src/l\xe4tin`]
	name, _ := base64.StdEncoding.DecodeString(*latin.Name64)
	content, _ := base64.StdEncoding.DecodeString(*latin.Content)
	if string(name) != "src/l\xe4tin" || string(content) != "\xe4\xf6\n" || *latin.Encoding != "base64" || *latin.Lines != 1 || *latin.Extension != `l\xe4tin` {
		t.Errorf("a file of Latin letters is %+v", latin)
	}
	dir := nodes["src"]
	if dir.Type != "dir" || dir.MD5 != nil || dir.Size != nil || dir.Content != nil {
		t.Errorf("a folder is %+v", dir)
	}
	text, _, _ := p.call("get_repo_nodes", `{"revision":"0","root_path":"src","ret_type":"dirs","details":"full"}`)
	if text != `[{"name":"src/deep","type":"dir","md5":null,"binary":null,"size":null,"extension":null,"mimetype":null,"lines":null,"content":null}]` {
		t.Errorf("a folder is written %s", text)
	}
	for _, n := range reply[[]Node](p, "get_repo_nodes", `{"revision":"0","root_path":"/","details":"full","max_file_bytes":"3"}`) {
		if n.Type == "file" && (n.Content != nil) != (*n.Size <= 3 && !*n.Binary) {
			t.Errorf("with at most 3 bytes there is %+v", n)
		}
	}
}

func TestNodesThatAreNotThere(t *testing.T) {
	p := example(t, Limits{})
	failed := "failed to get repo: `team/app` nodes"
	for _, args := range []string{`"revision":"none","root_path":"/"`, `"revision":"secret","root_path":"/"`, `"revision":"tip","root_path":"/nowhere"`, `"revision":"tip","root_path":"README.md"`,
		`"revision":"tip","root_path":"module"`, `"revision":"tip","root_path":"../x"`} {
		p.refused("get_repo_nodes", "{"+args+"}", method.NotFound, failed)
		p.refused("get_repo_fts_tree", "{"+strings.Replace(args, "revision", "commit_id", 1)+"}", method.NotFound, failed)
	}
	p.refused("get_repo_nodes", `{"revision":"tip","root_path":"/","ret_type":"error"}`, method.Invalid, "ret_type must be one of all,dirs,files")
	p.refused("get_repo_nodes", `{"revision":"tip","root_path":"/","details":"all"}`, method.Invalid, "ret_type must be one of minimal,basic,extended,full")
	p.refused("get_repo_nodes", `{"revision":"tip","root_path":"/","start":-1}`, method.Invalid, "`start` must not be negative")
	p.refused("get_repo_nodes", `{"revision":"tip","root_path":"/","limit":-2}`, method.Invalid, "`limit` must be")
	p.refused("get_repo_nodes", `{"revision":"tip","root_path":"/","limit":100000}`, method.Invalid, "at most 10000")
	none := newRepository(t, Limits{})
	for name, args := range map[string]string{"get_repo_nodes": `{"revision":"tip","root_path":"/"}`, "get_repo_fts_tree": `{"commit_id":"tip","root_path":"/"}`} {
		if got, _, text := none.call(name, args); got != "[]" {
			t.Errorf("%s of an empty repository: %s %s", name, got, text)
		}
	}
}

func TestAnAnswerThatWouldHoldTooMuchIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		limits     Limits
		args, want string
	}{
		"entries": {Limits{Entries: 3}, `{"revision":"0","root_path":"/"}`, "there are more than 3 files and folders. Ask for parts with `start` and `limit`"},
		"content": {Limits{Bytes: 8}, `{"revision":"0","root_path":"/","details":"full"}`, "more than the 8 bytes that one answer holds"},
		"reading": {Limits{Read: 8}, `{"revision":"0","root_path":"/"}`, "more than the 8 bytes that the server reads for one answer"},
	} {
		t.Run(name, func(t *testing.T) {
			example(t, c.limits).refused("get_repo_nodes", c.args, method.TooLarge, c.want)
		})
	}
	p := example(t, Limits{Entries: 3, Bytes: 8})
	if list := reply[[]Node](p, "get_repo_nodes", `{"revision":"0","root_path":"/","start":2,"limit":3}`); len(list) != 3 {
		t.Errorf("got %+v", list)
	}
	p.refused("get_repo_fts_tree", `{"commit_id":"0","root_path":"/"}`, method.TooLarge, "more than 3 files")
}

func TestTheTreeForAnIndex(t *testing.T) {
	p := example(t, Limits{})
	text, _, _ := p.call("get_repo_fts_tree", `{"commit_id":"v1","root_path":"/","limit":2}`)
	want := fmt.Sprintf(`[{"name":"README.md","md5":"%s","extension":"md","binary":false,"size":6},{"name":"link","md5":"%s","extension":"link","binary":false,"size":9}]`, sum("a\nB\nc\n"), sum("README.md"))
	if text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestOneFile(t *testing.T) {
	p := example(t, Limits{})
	text, _, _ := p.call("get_repo_file", `{"commit_id":"tip","file_path":"run","details":"full","cache":"false"}`)
	want := fmt.Sprintf(`{"name":"run","type":"file","md5":"%s","binary":false,"size":2,"extension":"run","mimetype":"text/plain","lines":1,"content":"x\n"}`, sum("x\n"))
	if text != want {
		t.Errorf("got %s, want %s", text, want)
	}
	for _, c := range []struct {
		args    string
		content any
		md5     bool
	}{
		{`"commit_id":"0","file_path":"/README.md"`, nil, true},
		{`"commit_id":"0","file_path":"README.md","details":"minimal"`, nil, false},
		{`"commit_id":"0","file_path":"README.md","details":"minimal+search"`, nil, false},
		{`"commit_id":"0","file_path":"README.md","details":"full","max_file_bytes":3`, nil, true},
		{`"commit_id":"0","file_path":"README.md","details":"full","max_file_bytes":4`, "a\nb\n", true},
		{`"commit_id":"0","file_path":"link","details":"full"`, "README.md", true},
		{`"commit_id":"0","file_path":"src/deep/bin.dat","details":"full"`, nil, true},
		{`"commit_id":"0","file_path":"src/deep/bin.dat","details":"full","base64":true`, "AP8B", true},
	} {
		n := reply[Node](p, "get_repo_file", "{%s}", c.args)
		if got := any(n.Content); c.content == nil && n.Content != nil || c.content != nil && (n.Content == nil || *n.Content != c.content) || (n.MD5 != nil) != c.md5 {
			t.Errorf("%s: %+v %v", c.args, n, got)
		}
	}
	for args, want := range map[string]string{
		`"commit_id":"tip","file_path":"none"`:        "There is no file in repo: `team/app` at path `none` for commit: `tip`",
		`"commit_id":"tip","file_path":"README.md/x"`: "There is no file in repo",
		`"commit_id":"tip","file_path":"src"`:         "failed to get repo: `team/app` file at path src",
		`"commit_id":"tip","file_path":"module"`:      "failed to get repo: `team/app` file at path module",
		`"commit_id":"secret","file_path":"key"`:      "failed to get repo: `team/app` file at path key",
		`"commit_id":"tip","file_path":""`:            "failed to get repo",
	} {
		p.refused("get_repo_file", "{"+args+"}", method.NotFound, want)
	}
	p.refused("get_repo_file", `{"commit_id":"tip","file_path":"run","details":"x"}`, method.Invalid, "ret_type must be one of minimal,minimal+search,basic,extended,full")
	small := example(t, Limits{Bytes: 3})
	small.refused("get_repo_file", `{"commit_id":"0","file_path":"README.md","details":"full"}`, method.TooLarge, "raw address")
	if text, _, _ := newRepository(t, Limits{}).call("get_repo_file", `{"commit_id":"tip","file_path":"x"}`); text != "null" {
		t.Errorf("of an empty repository: %s", text)
	}
}

func TestRefsThatTheReaderSees(t *testing.T) {
	p := example(t, Limits{})
	p.git("", "update-ref", "refs/tags/tree", p.git("", "rev-parse", "main^{tree}"))
	p.git("", "update-ref", "refs/heads/b\xff", "main")
	main, first, x := p.git("", "rev-parse", "main"), p.git("", "rev-parse", "main~1"), p.git("", "rev-parse", "feature/x")
	text, _, _ := p.call("get_repo_refs", `{}`)
	want := fmt.Sprintf(`{"branches":{"b\\xff":"%s","feature/x":"%s","main":"%s"},"tags":{"light":"%s","v1":"%s"},"branches_closed":{},"bookmarks":{}}`, main, x, main, first, main)
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if r := reply[Refs](p, "get_repo_refs", `{"start":2,"limit":2}`); len(r.Branches) != 1 || r.Branches["main"] != main || len(r.Tags) != 1 || r.Tags["light"] != first {
		t.Errorf("a part is %+v", r)
	}
	few := example(t, Limits{Entries: 2})
	few.refused("get_repo_refs", `{}`, method.TooLarge, "failed to get repo: `team/app` references: there are more than 2 refs")
	if text, _, _ := newRepository(t, Limits{}).call("get_repo_refs", `{}`); text != `{"branches":{},"tags":{},"branches_closed":{},"bookmarks":{}}` {
		t.Errorf("of an empty repository: %s", text)
	}
}

// TestALargeTreeIsReadInLittleMemory lists parts of 200,000 files.
func TestALargeTreeIsReadInLittleMemory(t *testing.T) {
	p := newRepository(t, Limits{})
	blob := p.git("x", "hash-object", "-w", "--stdin")
	var leaf, mid strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&leaf, "100644 blob %s\tfile-%04d\n", blob, i)
	}
	sub := p.git(leaf.String(), "mktree")
	for i := range 200 {
		fmt.Fprintf(&mid, "040000 tree %s\tdir-%03d\n", sub, i)
	}
	commit := p.git("", "commit-tree", "-m", "large", p.git(mid.String(), "mktree"))
	p.git("", "update-ref", "refs/heads/main", commit)
	p.refused("get_repo_nodes", `{"revision":"tip","root_path":"/","details":"minimal"}`, method.TooLarge, "more than 10000 files and folders")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	list := reply[[]Node](p, "get_repo_nodes", `{"revision":"tip","root_path":"/","details":"minimal","start":200190,"limit":20}`)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(list) != 10 || list[9].Name != "dir-199/file-0999" {
		t.Errorf("the end is %d: %+v", len(list), list)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("%d bytes are held more", grown)
	}
}
