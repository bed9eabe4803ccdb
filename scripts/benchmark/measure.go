package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cost is what one piece of work took at the server: CPU of the process and its children, wall time,
// peak of anonymous memory above what the idle server held, bytes that the client received.
type cost struct {
	cpu, wall time.Duration
	memory    int64
	bytes     int64
}

// tick is the unit of CPU times in /proc (USER_HZ, 100 on every Linux that Go runs on).
const tick = 10 * time.Millisecond

// cpuTime reads user and system time of a process and of its children that have ended (proc(5), /proc/pid/stat).
func cpuTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the program's name in parentheses and may hold anything: count from its end.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	var ticks int64
	for _, f := range fields[11:15] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read /proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// anonymous is the resident memory less page cache of a process and all below it (proc(5), RssAnon), in bytes.
func anonymous(pid int) int64 {
	total := status(pid, "RssAnon:")
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return total
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err == nil {
		for _, t := range tasks {
			if more, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name())); err == nil && t.Name() != strconv.Itoa(pid) {
				children = append(children, more...)
			}
		}
	}
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			total += anonymous(n)
		}
	}
	return total
}

func status(pid int, key string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == key {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// measure runs work times times against a server and gives the cost of one.
func measure(s *server, times int, work func() (int64, error)) (cost, error) {
	idle := anonymous(s.pid())
	stop, peak := make(chan struct{}), make(chan int64)
	go sample(s.pid(), stop, peak)
	before, err := cpuTime(s.pid())
	if err != nil {
		return cost{}, err
	}
	start := time.Now()
	var total int64
	for range times {
		n, err := work()
		if err != nil {
			close(stop)
			<-peak
			return cost{}, err
		}
		total += n
	}
	wall := time.Since(start)
	close(stop)
	top := <-peak
	after, err := cpuTime(s.pid())
	n := time.Duration(times)
	return cost{cpu: (after - before) / n, wall: wall / n, memory: max(0, top-idle), bytes: total / int64(times)}, err
}

// sample looks at the memory every 5 ms until stop is closed and then sends the highest that it saw.
func sample(pid int, stop <-chan struct{}, peak chan<- int64) {
	var top int64
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		top = max(top, anonymous(pid))
		select {
		case <-stop:
			peak <- top
			return
		case <-tick.C:
		}
	}
}

// median takes each figure's own median; memory is the highest.
func median(all []cost) cost {
	pick := func(get func(cost) int64) int64 {
		v := make([]int64, len(all))
		for i, c := range all {
			v[i] = get(c)
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return cost{
		cpu:    time.Duration(pick(func(c cost) int64 { return int64(c.cpu) })),
		wall:   time.Duration(pick(func(c cost) int64 { return int64(c.wall) })),
		memory: slices.MaxFunc(all, func(a, b cost) int { return int(a.memory - b.memory) }).memory,
		bytes:  pick(func(c cost) int64 { return c.bytes }),
	}
}
