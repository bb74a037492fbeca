// SPDX-License-Identifier: BSL-1.0
package main

import (
	"runtime"
	"sync"
	"time"
)

// A call is no coroutine here: what awaiting is elsewhere.
//
//go:noinline
func child(i int) int { return i }

func awaitReady(int) {
	const n = 20_000_000
	reportNs(n, func() {
		sum := 0
		for i := 0; i < n; i++ {
			sum += child(1)
		}
		check(sum == n, "await_ready")
	})
}

//go:noinline
func chain(depth int) int {
	if depth == 1 {
		runtime.Gosched()
		return 1
	}
	return chain(depth-1) + 1
}

// Ten plain calls and a turn of the scheduler.
func chainYield(int) {
	const n = 500_000
	reportNs(n, func() {
		sum := 0
		for i := 0; i < n; i++ {
			sum += chain(10)
		}
		check(sum == 10*n, "chain_yield")
	})
}

func spawnJoin(int) {
	const n = 300_000
	reportNs(n, func() {
		sum := 0
		value := make(chan int, 1)
		for i := 0; i < n; i++ {
			go func() { value <- child(1) }()
			sum += <-value
		}
		check(sum == n, "spawn_join")
	})
}

// COUNT goroutines that leave their number at once, and a WaitGroup for all.
func gather(count int) {
	times := max(1, 100_000/count)
	rounds := 5
	if count > 100_000 {
		rounds = 1
	}
	values := make([]int, count)
	report("ns", times*count, 1, rounds, timed(func() {
		for t := 0; t < times; t++ {
			var all sync.WaitGroup
			all.Add(count)
			for i := 0; i < count; i++ {
				go func(i int) {
					values[i] = child(i)
					all.Done()
				}(i)
			}
			all.Wait()
			sum := 0
			for _, value := range values {
				sum += value
			}
			check(sum == count*(count-1)/2, "gather")
		}
	}))
}

// Growth of resident memory by COUNT goroutines that wait for one channel to be closed.
func taskBytes(count int) {
	var all sync.WaitGroup
	all.Add(count)
	before := residentBytes()
	open := make(chan struct{})
	for i := 0; i < count; i++ {
		go func() {
			<-open
			all.Done()
		}()
	}
	runtime.Gosched()
	figure("bytes", (residentBytes()-before)/float64(count))
	close(open)
	all.Wait()
}

func yieldTasks(count int) {
	each := max(1, 500_000/count)
	reportNs(each*count, func() {
		var all sync.WaitGroup
		all.Add(count)
		steps := 0
		for i := 0; i < count; i++ {
			go func() {
				for t := 0; t < each; t++ {
					runtime.Gosched()
					steps++ // GOMAXPROCS=1, and no preemption point before it is stored
				}
				all.Done()
			}()
		}
		all.Wait()
		check(steps == each*count, "yield")
	})
}

func queueHandoff(int) {
	const n = 500_000
	reportNs(n, func() {
		items := make(chan int, 1)
		go func() {
			for i := 0; i < n; i++ {
				items <- i
			}
			close(items)
		}()
		sum := 0
		for item := range items {
			sum += item
		}
		check(sum == n*(n-1)/2, "queue_handoff")
	})
}

func mutexFree(int) {
	const n = 10_000_000
	reportNs(n, func() {
		var door sync.Mutex
		inside := 0
		for i := 0; i < n; i++ {
			door.Lock()
			inside++
			door.Unlock()
		}
		check(inside == n, "mutex_free")
	})
}

func mutexContended(count int) {
	each := max(1, 200_000/count)
	reportNs(each*count, func() {
		var door sync.Mutex
		var all sync.WaitGroup
		all.Add(count)
		inside := 0
		for i := 0; i < count; i++ {
			go func() {
				for t := 0; t < each; t++ {
					door.Lock()
					before := inside
					runtime.Gosched()
					inside = before + 1 // wrong when somebody else was inside
					door.Unlock()
				}
				all.Done()
			}()
		}
		all.Wait()
		check(inside == each*count, "mutex_contended")
	})
}

// COUNT goroutines that sleep for 1 to 1,000 ms: the process's processor time for one.
func sleeps(count int) {
	before := cpuTime()
	var all sync.WaitGroup
	all.Add(count)
	woken := 0
	for i := 0; i < count; i++ {
		go func(i int) {
			time.Sleep(sleepOf(i))
			woken++
			all.Done()
		}(i)
	}
	all.Wait()
	check(woken == count, "sleeps")
	figure("cpu_ns", (cpuTime()-before)/float64(count))
}
