// SPDX-License-Identifier: BSL-1.0

// The rows of the heart in Go, on one P: goroutines, channels, the standard library.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
)

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

var rows = map[string]struct {
	count int
	run   func(count int)
}{
	"await_ready":          {0, awaitReady},
	"chain_yield":          {0, chainYield},
	"spawn_join":           {0, spawnJoin},
	"gather":               {10_000, gather},
	"task_bytes":           {100_000, taskBytes},
	"yield":                {2, yieldTasks},
	"queue_handoff":        {0, queueHandoff},
	"mutex_free":           {0, mutexFree},
	"mutex_contended":      {100, mutexContended},
	"sleeps":               {1_000_000, sleeps},
	"arm_cancel":           {100_000, armCancel},
	"timeout_idle":         {0, timeoutIdle},
	"cancel":               {1, cancel},
	"round_trip_one_core":  {0, roundTripOneCore},
	"round_trip_two_cores": {0, roundTripTwoCores},
}

func main() {
	runtime.GOMAXPROCS(1)
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	row, known := rows[name]
	if !known {
		fmt.Fprintf(os.Stderr, "no row '%s'\n", name)
		os.Exit(77)
	}
	count := row.count
	if len(os.Args) > 2 {
		var err error
		count, err = strconv.Atoi(os.Args[2])
		check(err == nil, "COUNT is a number")
	}
	row.run(count)
}
