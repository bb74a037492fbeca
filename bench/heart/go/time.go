// SPDX-License-Identifier: BSL-1.0
package main

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// Arms and stops a timer among COUNT others.
func armCancel(count int) {
	const n = 300_000
	others := make([]*time.Timer, count)
	for i := range others {
		others[i] = time.AfterFunc(time.Minute+sleepOf(i), func() {})
	}
	reportNs(n, func() {
		for i := 0; i < n; i++ {
			one := time.AfterFunc(time.Minute+sleepOf(i), func() {})
			check(one.Stop(), "arm_cancel")
		}
	})
	runtime.KeepAlive(others)
}

// Work in a goroutine of its own and a context with a timeout, as the context package is used.
func timeoutIdle(int) {
	const n = 100_000
	reportNs(n, func() {
		sum := 0
		for i := 0; i < n; i++ {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			value := make(chan int, 1)
			go func() {
				runtime.Gosched()
				value <- 1
			}()
			select {
			case got := <-value:
				sum += got
			case <-ctx.Done():
			}
			cancel()
		}
		check(sum == n, "timeout_idle")
	})
}

//go:noinline
func sleepDeep(ctx context.Context, depth int) error {
	if depth > 1 {
		return sleepDeep(ctx, depth-1)
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// 30,000 sleepers, COUNT calls deep, each with a context of its own: cancel each, and wait for all.
func cancel(depth int) {
	const n = 30_000
	report("ns", n, 1, 3, func() time.Duration {
		var all sync.WaitGroup
		all.Add(n)
		told := 0
		cancels := make([]context.CancelFunc, n)
		for i := range cancels {
			ctx, stop := context.WithCancel(context.Background())
			cancels[i] = stop
			go func() {
				if sleepDeep(ctx, depth) != nil {
					told++
				}
				all.Done()
			}()
		}
		runtime.Gosched()
		start := time.Now()
		for _, stop := range cancels {
			stop()
		}
		all.Wait()
		took := time.Since(start)
		check(told == n, "cancel")
		return took
	})
}

// A thread, locked to its goroutine, asks another and waits for the answer.
func roundTrip(loopCore, callerCore, n int) {
	if loopCore != callerCore {
		runtime.GOMAXPROCS(2) // two threads that run Go at the same time
	}
	asked, answered := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		pin(loopCore)
		for i := range asked {
			answered <- i
		}
	}()
	runtime.LockOSThread()
	pin(callerCore)
	report("us", n, 1000, 5, timed(func() {
		for i := 0; i < n; i++ {
			asked <- i
			check(<-answered == i, "round_trip")
		}
	}))
}

func roundTripOneCore(int)  { roundTrip(1, 1, 20_000) }
func roundTripTwoCores(int) { roundTrip(0, 1, 3_000) }
