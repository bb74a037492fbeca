// SPDX-License-Identifier: BSL-1.0
package main

// What measure.hpp is for the C++ programs: repeating, checking, pinning, printing.

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func figure(name string, value float64) { fmt.Printf("%s %.6f\n", name, value) }

// A wrong result is no result.
func check(right bool, what string) {
	if !right {
		fmt.Fprintln(os.Stderr, "wrong result:", what)
		os.Exit(1)
	}
}

// report runs round once to warm up and then several times; prints the median of the time that it returns for a unit.
func report(name string, units int, scale float64, rounds int, round func() time.Duration) {
	round()
	all := make([]float64, rounds)
	for i := range all {
		all[i] = float64(round().Nanoseconds())
	}
	sort.Float64s(all)
	figure(name, all[rounds/2]/float64(units)/scale)
}

func timed(round func()) func() time.Duration {
	return func() time.Duration {
		start := time.Now()
		round()
		return time.Since(start)
	}
}

// reportNs prints the time of one unit: round does so many of them.
func reportNs(units int, round func()) { report("ns", units, 1, 5, timed(round)) }

// cpuTime is the user and system time of this process so far, in nanoseconds.
func cpuTime() float64 {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil, "getrusage")
	return float64(used.Utime.Nano() + used.Stime.Nano())
}

// residentBytes is the resident memory of this process.
func residentBytes() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	check(err == nil, "cannot read /proc/self/statm")
	pages, err := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	check(err == nil, "cannot read /proc/self/statm")
	return pages * float64(os.Getpagesize())
}

// sleepOf is how long the i-th sleeper sleeps: 1 to 1,000 whole milliseconds, mixed, the same for all programs.
func sleepOf(i int) time.Duration {
	return time.Duration(1+uint64(i)*2654435761%1000) * time.Millisecond
}

// pin binds the calling thread to a core; the goroutine should have locked itself to it.
func pin(core int) {
	set := [16]uint64{1 << core}
	_, _, err := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set)))
	if err != 0 {
		fmt.Fprintln(os.Stderr, "cannot run on core", core)
		os.Exit(77)
	}
}
