package upload

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/wire"
)

// uploadPack says a request to git's own upload-pack, and returns what it answers after its advertisement.
func (f *fixture) uploadPack(ses Session, request string) string {
	f.t.Helper()
	args := []string{"upload-pack", "--strict"}
	if ses.Stateless {
		args = append(args, "--stateless-rpc")
	}
	cmd := exec.CommandContext(f.t.Context(), "git", append(args, f.dir)...)
	cmd.Env = append(cmd.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", fmt.Sprintf("GIT_PROTOCOL=version=%d", ses.Version), "GIT_CONFIG_COUNT=4",
		"GIT_CONFIG_KEY_0=uploadpack.allowReachableSHA1InWant", "GIT_CONFIG_VALUE_0=true", "GIT_CONFIG_KEY_1=uploadpack.allowRefInWant", "GIT_CONFIG_VALUE_1=true",
		"GIT_CONFIG_KEY_2=transfer.advertiseObjectInfo", "GIT_CONFIG_VALUE_2=true", "GIT_CONFIG_KEY_3=uploadpack.allowFilter", "GIT_CONFIG_VALUE_3=true")
	cmd.Stdin = strings.NewReader(request)
	out, _ := cmd.Output() // that it dies of a client that hangs up is no matter here
	if ses.Stateless {
		return string(out)
	}
	_, answer, _ := strings.Cut(string(out), "0000") // ids are of other digits in these fixtures
	return answer
}

// branchy is a history in which wants and haves meet in many ways, and the names of its commits.
func branchy(t testing.TB) (*fixture, []string) {
	f := history(t, 7, Options{})
	git(t, f.src, "checkout", "-q", "-b", "side", "main~4")
	for i := range 4 {
		f.commit("side", fmt.Sprint(i))
	}
	git(t, f.src, "checkout", "-q", "main")
	git(t, f.src, "merge", "-q", "--no-edit", "side")
	f.commit("after", "the merge")
	git(t, f.src, "checkout", "-q", "--orphan", "other")
	f.commit("other", "root")
	f.commit("other", "second")
	f.push("--all")
	list := git(t, f.src, "rev-list", "--all")
	return f, append(strings.Fields(list), f.id("v1"), f.id("v1-signed"))
}

// upToThePack is an answer up to the pack: what git and this server must have in common. PACK stands for the pack, whether in
// bands or bare.
func upToThePack(answer string) string {
	var lines []string
	r := wire.NewReader(strings.NewReader(answer))
	for {
		p, err := r.Next()
		switch {
		case err != nil && len(lines) > 0 && strings.Contains(answer, "PACK"):
			return strings.Join(append(lines, "PACK"), "; ")
		case err != nil:
			return strings.Join(lines, "; ")
		case p.Kind != wire.Data:
			lines = append(lines, []string{"", "0000", "0001", "0002"}[p.Kind])
		case strings.HasPrefix(p.Line(), "\x01") || strings.HasPrefix(p.Line(), "\x02"):
			return strings.Join(append(lines, "PACK"), "; ")
		default:
			lines = append(lines, p.Line())
		}
	}
}

// sent makes a request of protocols 0 and 1 out of a client's capabilities, some wants, and rounds of haves.
func sent(r *rand.Rand, ids []string, caps string, stateless bool) string {
	pick := func() string {
		if r.IntN(4) == 0 {
			return unknown[r.IntN(len(unknown))]
		}
		return ids[r.IntN(len(ids))]
	}
	lines := []string{"want " + ids[r.IntN(len(ids))] + caps}
	for range r.IntN(3) {
		lines = append(lines, "want "+ids[r.IntN(len(ids))])
	}
	lines = append(lines, "0000")
	rounds := r.IntN(3)
	if stateless {
		rounds = min(rounds, 1)
	}
	for range rounds {
		for range 1 + r.IntN(5) {
			lines = append(lines, "have "+pick())
		}
		lines = append(lines, "0000")
	}
	if rounds == 0 || !stateless {
		for range r.IntN(3) {
			lines = append(lines, "have "+pick())
		}
		lines = append(lines, "done")
	}
	return pkt(lines...)
}

// TestAcknowledgmentsAreThoseOfGit compares generated exchanges with git's own upload-pack, word by word up to the pack:
// each way to acknowledge that clients ask for, over HTTP and as a conversation.
func TestAcknowledgmentsAreThoseOfGit(t *testing.T) {
	f, ids := branchy(t)
	r := rand.New(rand.NewPCG(4, 2))
	for name, caps := range map[string]string{
		"libgit2": " multi_ack_detailed side-band-64k include-tag thin-pack ofs-delta ", "dulwich": " multi_ack multi_ack_detailed side-band-64k thin-pack ofs-delta shallow",
		"go-git": " side-band-64k ofs-delta agent=go-git/5.x no-progress", "old git": " multi_ack side-band ofs-delta", "git 1.8": " multi_ack_detailed no-done side-band-64k thin-pack include-tag ofs-delta agent=git/1.8",
		"nothing": "",
	} {
		for i := range 12 {
			ses := Session{Version: wire.Version(i / 2 % 2), Stateless: i%2 == 0}
			request := sent(r, ids, caps, ses.Stateless)
			answer, err := f.talk(ses, request)
			got, want := upToThePack(answer), upToThePack(f.uploadPack(ses, request))
			if !strings.Contains(caps, "multi_ack") {
				got, want = once(got), once(want)
			}
			if got != want || err != nil {
				t.Errorf("%s, stateless %t, said %q:\n heard %s (%v)\n git   %s", name, ses.Stateless, unframe(t, request), got, err, want)
			}
		}
	}
}

// once drops all acknowledgments but the first: without multi_ack there is one (gitprotocol-pack, "Packfile
// Negotiation"), which C git repeats where the client goes on with parents of what it had.
func once(answer string) string {
	var lines []string
	acked := false
	for line := range strings.SplitSeq(answer, "; ") {
		if strings.HasPrefix(line, "ACK ") {
			if acked {
				continue
			}
			acked = true
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

// TestAnswersOfProtocol2AreThoseOfGit does the same with protocol 2.
func TestAnswersOfProtocol2AreThoseOfGit(t *testing.T) {
	f, ids := branchy(t)
	r := rand.New(rand.NewPCG(8, 15))
	for range 40 {
		lines := []string{"command=fetch", "agent=git/2.39.5", "object-format=sha1", "0001", "thin-pack", "ofs-delta"}
		add := func(s string, p int) {
			if r.IntN(p) == 0 {
				lines = append(lines, s)
			}
		}
		for range 1 + r.IntN(3) {
			lines = append(lines, "want "+ids[r.IntN(len(ids))])
		}
		for range r.IntN(6) {
			lines = append(lines, "have "+ids[r.IntN(len(ids))])
			add("have "+unknown[0], 3)
		}
		if r.IntN(3) == 0 {
			add("deepen 2", 2)
		} else {
			add("want-ref refs/heads/side", 2)
		}
		add("wait-for-done", 4)
		add("done", 2)
		f.alike(t, pkt(append(lines, "0000")...))
	}
	for _, request := range []string{
		pkt("command=object-info", "0001", "size", "oid "+ids[0], "oid "+unknown[0], "oid "+f.id("v1"), "0000"),
		pkt("command=object-info", "0001", "size", "0000"), pkt("command=object-info", "0001", "kind", "0000"),
		pkt("command=fetch", "0001", "want-ref refs/heads/none", "done", "0000"), pkt("command=fetch", "0001", "want "+unknown[0], "done", "0000"),
		pkt("command=ls-refs", "0001", "peel", "symrefs", "unborn", "ref-prefix refs/heads/", "ref-prefix HEAD", "0000"), pkt("command=ls-refs", "0000"), "0000",
	} {
		f.alike(t, request)
	}
}

// inOrder sorts shallow lines, whose order means nothing.
func inOrder(answer string) string {
	lines := strings.Split(answer, "; ")
	shallow := func(s string) bool { return strings.HasPrefix(s, "shallow ") }
	from := slices.IndexFunc(lines, shallow)
	if from < 0 {
		return answer
	}
	to := from
	for to < len(lines) && shallow(lines[to]) {
		to++
	}
	slices.Sort(lines[from:to])
	return strings.Join(lines, "; ")
}

// alike compares one answer of protocol 2 with git's. Behind an error git goes on, which no client hears.
func (f *fixture) alike(t *testing.T, request string) {
	t.Helper()
	ses := Session{Version: wire.V2, Stateless: true}
	answer, _ := f.talk(ses, request)
	got, want := upToThePack(answer), upToThePack(f.uploadPack(ses, request))
	if before, _, ok := strings.Cut(want, "ERR "); ok {
		want = before + "ERR " + strings.SplitN(want[len(before)+4:], "; ", 2)[0]
	}
	if got, want = inOrder(got), inOrder(want); got != want {
		t.Errorf("said %q:\n heard %s\n git   %s", unframe(t, request), got, want)
	}
}
