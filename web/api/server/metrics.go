package server

import (
	"context"
	"runtime"
	"runtime/metrics"
	"time"

	"jeton/web/api/method"
)

func (o Options) metrics() method.Method {
	return method.Of(admins(method.Method{Name: "get_server_metrics", New: true, REST: "GET server/metrics", Example: `{}`,
		Doc: "Tells in numbers how the server fares. Counters begin at 0 when it starts. With several nodes they are those of the node that answers.",
	}), func(ctx context.Context, _ *method.Call, _ struct{}) (Metrics, error) {
		m, err := o.Gauge(ctx)
		m.Process = process(m.StartedOn)
		return m, err
	})
}

// Metrics are what the server counts; what is about the process is filled in here.
type Metrics struct {
	Version   string    `json:"version" doc:"The server's version."`
	StartedOn time.Time `json:"started_on" doc:"When it started (RFC 3339)."`
	Process   Process   `json:"process" doc:"The process."`
	Traffic   Traffic   `json:"traffic" doc:"What came since the start."`
	Jobs      Jobs      `json:"jobs" doc:"Jobs that are kept, by how they stand."`
	Database  Database  `json:"database" doc:"The database."`
	Objects   Objects   `json:"objects" doc:"What there is."`
	Tokens    Census    `json:"tokens" doc:"Tokens, besides decoys."`
}

// Process is what the process takes.
type Process struct {
	Uptime     int64  `json:"uptime_seconds" doc:"For how long it has run."`
	CPUs       int    `json:"cpus" doc:"On how many processors it may run."`
	Goroutines int    `json:"goroutines" doc:"How many of Go's threads there are."`
	Heap       uint64 `json:"heap_bytes" doc:"Memory of living objects, and of dead ones not yet freed."`
	Memory     uint64 `json:"memory_bytes" doc:"All memory that it has from the system, without maps of files."`
	GCs        uint64 `json:"gc_cycles" doc:"How often memory was tidied."`
}

// Traffic is what came since the start.
type Traffic struct {
	Requests int64 `json:"http_requests" doc:"Requests over HTTP."`
	Refused  int64 `json:"http_4xx" doc:"Those that were answered with a status from 400 to 499."`
	Failed   int64 `json:"http_5xx" doc:"Those that were answered with a status from 500 on."`
	Refusals int64 `json:"credential_refusals" doc:"Credentials and permissions that were refused, at every door."`
	Pushes   int64 `json:"pushes" doc:"Pushes that ended, well or not."`
}

// Jobs is how many there are.
type Jobs struct {
	Queued  int64 `json:"queued" doc:"Those that wait."`
	Running int64 `json:"running" doc:"Those that run."`
	Failed  int64 `json:"failed" doc:"Those that failed."`
}

// Database is how much it holds.
type Database struct {
	Kind  string `json:"kind" doc:"sqlite or postgresql."`
	Bytes int64  `json:"bytes" doc:"How large it is."`
}

// Objects is how many of each there are.
type Objects struct {
	Repositories int `json:"repositories" doc:"Repositories."`
	Groups       int `json:"repo_groups" doc:"Groups of repositories."`
	People       int `json:"users" doc:"Persons and service accounts."`
	UserGroups   int `json:"user_groups" doc:"User groups."`
	Keys         int `json:"ssh_keys" doc:"SSH keys of persons and repositories."`
}

// Census is how many tokens there are.
type Census struct {
	All      int            `json:"all" doc:"Those that are kept, ended ones too."`
	Live     map[string]int `json:"live" doc:"Live ones by kind."`
	Expiring int            `json:"expiring" doc:"Live ones that end within 14 days."`
	Unused   int            `json:"unused" doc:"Live ones that were neither made nor used within 90 days."`
}

// process reads what Go tells.
func process(started time.Time) Process {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(samples)
	return Process{Uptime: int64(time.Since(started).Seconds()), CPUs: runtime.GOMAXPROCS(0), Goroutines: runtime.NumGoroutine(),
		Heap: samples[0].Value.Uint64(), Memory: samples[1].Value.Uint64(), GCs: samples[2].Value.Uint64()}
}
