package content

import (
	"fmt"
	"strings"
	"testing"

	"jeton/web/api/method"
)

func TestAChangesetIsToldAsRhodeCodeDoes(t *testing.T) {
	p := example(t, Limits{})
	main, first := p.git("", "rev-parse", "main"), p.git("", "rev-parse", "main~1")
	want := fmt.Sprintf(`{"short_id":"%.12s","raw_id":"%s","revision":1,"message":"second\n\nbody ü","date":"2020-09-13T12:28:20","author":"Ada L \u003cada@example.com\u003e",`+
		`"parents":[{"raw_id":"%s"}],"branch":"main","diff":[]}`, main, main, first)
	for _, rev := range []string{"main", "tip", "v1", main, main[:8], "1", "refs/heads/main"} {
		if got, _, text := p.call("get_repo_changeset", `{"revision":"`+rev+`"}`); got != want {
			t.Errorf("%s is\n%s %s\nwant\n%s", rev, got, text, want)
		}
	}
	c := reply[Changeset](p, "get_repo_changeset", `{"revision":"main","details":"extended"}`)
	text := ""
	for _, e := range c.Diff {
		text += e.Op + " " + e.Filename + " "
		if e.Raw != nil || e.Old != nil || e.New != nil || e.Stats.Added != nil || e.Stats.Binary != nil || e.Stats.Deleted != nil {
			t.Errorf("extended tells %+v", e)
		}
	}
	if text != "A run M README.md D src/a.py " || c.Heads != nil {
		t.Errorf("extended has %q, %v", text, c.Heads)
	}
}

func TestFullDetailsHoldTheDiff(t *testing.T) {
	p := example(t, Limits{})
	c := reply[Changeset](p, "get_repo_changeset", `{"revision":"v1","details":"full"}`)
	if c.Heads == nil || fmt.Sprint(c.Heads.Branches, c.Heads.Tags, c.Heads.Bookmarks) != "[main] [v1] []" {
		t.Errorf("refs are %+v", c.Heads)
	}
	if len(c.Diff) != 3 || c.Notice != "" {
		t.Fatalf("got %+v", c)
	}
	run, readme, gone := c.Diff[0], c.Diff[1], c.Diff[2]
	if run.Op != "A" || run.Filename != "run" || *run.Old != strings.Repeat("0", 40) || *run.New != p.git("", "rev-parse", "main:run") || *run.Stats.Added != 1 || *run.Raw != "@@ -0,0 +1 @@\n+x\n" {
		t.Errorf("run is %+v %q", run, *run.Raw)
	}
	if readme.Op != "M" || *readme.Raw != "@@ -1,2 +1,3 @@\n a\n-b\n+B\n+c\n" ||
		*readme.Stats.Added != 2 || *readme.Stats.Deleted != 1 || *readme.Stats.Binary {
		t.Errorf("README.md is %+v %q", readme, *readme.Raw)
	}
	if gone.Op != "D" || gone.Filename != "src/a.py" || *gone.New != strings.Repeat("0", 40) || *gone.Stats.Deleted != 1 {
		t.Errorf("src/a.py is %+v", gone)
	}
	moved := reply[Changeset](p, "get_repo_changeset", `{"revision":"feature/x","details":"full"}`).Diff
	if len(moved) != 1 || moved[0].Op != "M" || moved[0].Filename != "docs/README.md" || moved[0].New != nil || moved[0].Old != nil || !*moved[0].Stats.Binary ||
		*moved[0].Raw != " a/README.md b/docs/README.md\nsimilarity index 100%\nrename from README.md\nrename to docs/README.md\n" {
		t.Errorf("a moved file is %+v %q", moved, *moved[0].Raw)
	}
	root := reply[Changeset](p, "get_repo_changeset", `{"revision":"0","details":"full"}`)
	for _, e := range root.Diff {
		if e.Op != "A" || strings.Contains(e.Filename, "bin.dat") != (*e.Stats.Binary) {
			t.Errorf("the first commit tells %+v", e)
		}
	}
	if len(root.Diff) != 6 || root.Diff[5].Filename != `src/l\xe4tin` || len(root.Parents) != 0 || root.Branch != nil {
		t.Errorf("the first commit is %+v", root)
	}
}

func TestChangesetsFollowFromTheOldest(t *testing.T) {
	p := example(t, Limits{})
	ids := strings.Fields(p.git("", "rev-list", "--date-order", "--reverse", "main", "feature/x", "v1", "light"))
	for _, c := range []struct {
		args     string
		from, to int
	}{
		{`"start_rev":"0","limit":2`, 0, 2}, {`"start_rev":"0","limit":"-1"`, 0, 3}, {`"start_rev":"main","limit":9`, 1, 3}, {`"start_rev":"` + ids[2] + `","limit":1`, 2, 3},
		{`"start_rev":"1","limit":1,"details":"full"`, 1, 2}, {`"start_rev":"0","limit":0`, 0, 0}, {`"start_rev":"light","limit":-5`, 0, 0}, {`"start_rev":"light","limit":3,"details":"extended"`, 0, 3},
	} {
		list := reply[[]Changeset](p, "get_repo_changesets", "{%s}", c.args)
		var got []string
		for i, one := range list {
			got = append(got, one.RawID)
			if one.Revision != int64(c.from+i) {
				t.Errorf("%s: %s has the number %d, want %d", c.args, one.RawID, one.Revision, c.from+i)
			}
		}
		if strings.Join(got, " ") != strings.Join(ids[c.from:c.to], " ") {
			t.Errorf("%s: got %v, want %v", c.args, got, ids[c.from:c.to])
		}
	}
}

func TestWhatIsHiddenIsNoChangeset(t *testing.T) {
	p := example(t, Limits{})
	hidden := p.git("", "rev-parse", "secret")
	for _, rev := range []string{"secret", "refs/heads/secret", hidden, hidden[:9], "3", "99999999999", "none", "", "a..b", strings.Repeat("9", 40)} {
		p.refused("get_repo_changeset", `{"revision":"`+rev+`"}`, method.NotFound, "Commit "+rev+" does not exist for `team/app`")
		p.refused("get_repo_changesets", `{"start_rev":"`+rev+`","limit":2}`, method.NotFound, "Error occurred during commit fetching")
	}
	tree := p.git("", "rev-parse", "main^{tree}")
	p.refused("get_repo_changeset", `{"revision":"`+tree+`"}`, method.NotFound, "does not exist")
	p.refused("get_repo_changeset", `{"revision":"main","details":"all"}`, method.Invalid, "ret_type must be one of basic,extended,full")
	p.refused("get_repo_changesets", `{"start_rev":"0","limit":1,"details":"all"}`, method.Invalid, "ret_type must be one of basic,extended,full")
	p.refused("get_repo_changesets", `{"start_rev":"0","limit":1001}`, method.Invalid, "at most 1000")
	p.refused("get_repo_changeset", `{"revision":7}`, method.Invalid, "Invalid `revision` arg")
	p.refused("get_repo_changeset", `{}`, method.Invalid, "Missing non optional `revision` arg in JSON DATA")
	none := newRepository(t, Limits{})
	none.refused("get_repo_changeset", `{"revision":"tip"}`, method.NotFound, "There are no commits yet")
	none.refused("get_repo_changesets", `{"start_rev":"0","limit":1}`, method.NotFound, "Error occurred during commit fetching: there are no commits yet")
}

func TestAHistoryTooLongToBeCountedIsStillRead(t *testing.T) {
	p := example(t, Limits{Count: 2})
	ids := strings.Fields(p.git("", "rev-list", "--reverse", "feature/x"))
	list := reply[[]Changeset](p, "get_repo_changesets", `{"start_rev":"main","limit":5}`)
	if len(list) != 2 || list[0].RawID != ids[1] || list[1].RawID != ids[2] || list[0].Revision != -1 {
		t.Errorf("got %+v", list)
	}
	p.refused("get_repo_changeset", `{"revision":"0"}`, method.NotFound, "does not exist")
	p.git("", "update-ref", "refs/pull/1", p.git("", "commit-tree", "-m", "apart", "main^{tree}"))
	p.refused("get_repo_changesets", `{"start_rev":"refs/pull/1","limit":5}`, method.NotFound, "no branch and no tag leads to this commit")
}

func TestDiffsOfOneAnswerShareItsBound(t *testing.T) {
	p := example(t, Limits{Bytes: 900})
	list := reply[[]Changeset](p, "get_repo_changesets", `{"start_rev":"0","limit":3,"details":"full"}`)
	if list[0].Notice == "" || list[2].Notice == "" && len(list[2].Diff) == 0 {
		t.Errorf("nothing tells that something is left out: %+v", list)
	}
	few := example(t, Limits{Entries: 2})
	if c := reply[Changeset](few, "get_repo_changeset", `{"revision":"0","details":"extended"}`); len(c.Diff) != 2 || !strings.Contains(c.Notice, "git diff-tree") {
		t.Errorf("got %+v", c)
	}
}

func TestAMergeTellsOfWhatDiffersFromAnyParent(t *testing.T) {
	p := newRepository(t, Limits{})
	head := func(mark, when int, ref, more string) string {
		return fmt.Sprintf("commit refs/heads/%s\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 2\nx\n%s", ref, mark, when, more)
	}
	p.imported(head(1, 100, "main", "M 100644 inline base\ndata 2\n0\n\n") + head(2, 200, "main", "from :1\nM 100644 inline a\ndata 2\na\n\n") +
		head(3, 300, "side", "from :1\nM 100644 inline b\ndata 2\nb\n\nD base\n") + head(4, 400, "main", "from :2\nmerge :3\nM 100644 inline b\ndata 2\nb\n\nD base\n"))
	c := reply[Changeset](p, "get_repo_changeset", `{"revision":"main","details":"extended"}`)
	text := ""
	for _, e := range c.Diff {
		text += e.Op + e.Filename + " "
	}
	if text != "Aa Ab Dbase " || len(c.Parents) != 2 {
		t.Errorf("got %q, %+v", text, c.Parents)
	}
}
