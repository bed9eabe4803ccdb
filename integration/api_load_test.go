package integration

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var apiLoad = flag.Int("api.load", 0, "calls of get_repo under load, and the figures must be met; 0: a few, and none")

// emptyHandler is the variable that makes of the tests' program a server that answers nothing, as cheaply as it can.
const emptyHandler = "JETON_TEST_EMPTY_HANDLER"

// TestEmptyHandler is that server, for TestAPIUnderLoad; without the variable there is nothing to do.
func TestEmptyHandler(t *testing.T) {
	if os.Getenv(emptyHandler) == "" {
		return
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("http://%s\n", ln.Addr())
	t.Fatal(http.Serve(ln, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
}

// startEmpty starts the empty handler in a process of its own, whose CPU can be told apart.
func startEmpty(t *testing.T) (url string, pid int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestEmptyHandler$")
	cmd.Env = append(os.Environ(), emptyHandler+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := fmt.Fscanln(out, &url); err != nil {
		t.Fatal(err)
	}
	return url, cmd.Process.Pid
}

// loaded is what wrk tells of one round, latencies in microseconds, and what the server's process took.
type loaded struct {
	Requests    int     `json:"requests"`
	Bad         int     `json:"bad"`
	P50         float64 `json:"p50"`
	P99         float64 `json:"p99"`
	cpu, memory float64 // microseconds a call, MiB of RssAnon after it
}

// script is wrk's: it posts one body, counts what is no success, and tells the figures as JSON.
func script(t *testing.T, body, success string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "post.lua")
	text := fmt.Sprintf(`
local success = %q
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init(args)
	wrk.method = "POST"
	wrk.body = %q
	bad = 0
end
function response(status, headers, body)
	if status ~= 200 or not body:find(success, 1, true) then bad = bad + 1 end
end
function done(summary, latency, requests)
	local all = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
	for _, thread in ipairs(threads) do all = all + thread:get("bad") end
	io.write(string.format('JSON {"requests":%%d,"bad":%%d,"p50":%%f,"p99":%%f}\n', summary.requests, all, latency:percentile(50), latency:percentile(99)))
end
`, success, body)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// load lets wrk call for a while, over two connections.
func load(t *testing.T, url, script string, pid int, d time.Duration) loaded {
	t.Helper()
	before := cpuOf(t, pid)
	out, err := exec.Command("wrk", "-t1", "-c2", fmt.Sprintf("-d%ds", int(d.Seconds())), "-s", script, url).CombinedOutput()
	if err != nil {
		t.Fatalf("wrk: %v\n%s", err, out)
	}
	_, text, ok := strings.Cut(string(out), "JSON ")
	var l loaded
	if err := json.Unmarshal([]byte(text), &l); !ok || err != nil || l.Requests == 0 {
		t.Fatalf("wrk told nothing: %v\n%s", err, out)
	}
	l.cpu = float64((cpuOf(t, pid) - before).Microseconds()) / float64(l.Requests)
	l.memory = float64(memoryOf(t, pid, "RssAnon")) / 1024
	return l
}

// cpuOf is the time that a process has had (proc(5), /proc/pid/stat), in steps of 10 ms.
func cpuOf(t *testing.T, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// TestAPIUnderLoad calls get_repo in turns with an empty handler. With -api.load it must cost no more than 100 µs of CPU
// above that one, its slowest hundredth at most five times the median, and the memory must not grow. Where even the empty
// handler's slowest hundredth is further from its median, the machine is too busy for that figure, and the log says so.
func TestAPIUnderLoad(t *testing.T) {
	if *apiLoad == 0 {
		t.Parallel()
	}
	s := start(t, "JETON_API_TOKEN_CALLS=0", "JETON_API_ADDRESS_CALLS=0", "JETON_LOG_LEVEL=error")
	empty, emptyPID := startEmpty(t)
	body := fmt.Sprintf(`{"id":1,"auth_token":"%s","method":"get_repo","args":{"repoid":"%s"}}`, s.Tokens["api"], s.Repo)
	calls, nothing := script(t, body, `"error":null}`), script(t, body, "")
	d := time.Second
	if *apiLoad > 0 {
		d = 5 * time.Second
	}
	load(t, s.URL+"/_admin/api", calls, s.cmd.Process.Pid, d) // warms it
	var rounds, beside []loaded
	total := 0
	for total < max(*apiLoad, 1) {
		l := load(t, s.URL+"/_admin/api", calls, s.cmd.Process.Pid, d)
		e := load(t, empty, nothing, emptyPID, d)
		rounds, beside, total = append(rounds, l), append(beside, e), total+l.Requests
		t.Logf("get_repo: %d calls, %.0f µs CPU a call, median %.0f µs, p99 %.0f µs, %.1f MiB; an empty handler: %.0f µs CPU, median %.0f µs, p99 %.0f µs",
			l.Requests, l.cpu, l.P50, l.P99, l.memory, e.cpu, e.P50, e.P99)
		if l.Bad > 0 {
			t.Fatalf("%d of %d calls failed", l.Bad, l.Requests)
		}
	}
	if *apiLoad == 0 {
		return
	}
	more := middle(rounds, cpu) - middle(beside, cpu)
	tail := middle(rounds, func(l loaded) float64 { return l.P99 / l.P50 })
	calm := middle(beside, func(l loaded) float64 { return l.P99 / l.P50 })
	growth := rounds[len(rounds)-1].memory - rounds[0].memory
	t.Logf("%d calls: %.0f µs CPU above an empty handler, p99 %.1f × the median (an empty handler: %.1f ×), memory %+.1f MiB",
		total, more, tail, calm, growth)
	if calm > 5 {
		t.Logf("this machine is too busy to say anything of the slowest hundredth")
	}
	if more > 100 || tail > max(5, calm) || growth > 8 {
		t.Errorf("more than 100 µs, %.1f × or 8 MiB", max(5, calm))
	}
}

func cpu(l loaded) float64 { return l.cpu }

// middle is the median of a figure over rounds.
func middle(rounds []loaded, of func(loaded) float64) float64 {
	var list []float64
	for _, l := range rounds {
		list = append(list, of(l))
	}
	slices.Sort(list)
	return list[len(list)/2]
}
