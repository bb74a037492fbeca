// SPDX-License-Identifier: BSL-1.0
//! Timers, timeouts, cancellation.

use crate::measure::{check, cpu_time, figure, report, report_ns, sleep_of, units};
use crate::{new_loop, run};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::task::{unconstrained, yield_now, JoinHandle};
use tokio::time::{sleep, timeout, Sleep};

/// COUNT tasks that sleep for 1 to 1,000 ms: the process's processor time for one, from spawning to the last wake-up.
pub fn sleeps(count: i64) {
    let before = cpu_time();
    run(async move {
        let all: Vec<JoinHandle<i64>> = (0..count)
            .map(|i| {
                tokio::spawn(async move {
                    sleep(sleep_of(i)).await;
                    1
                })
            })
            .collect();
        let mut woken = 0;
        for one in all {
            woken += one.await.unwrap();
        }
        check(woken == count, "sleeps");
    });
    figure("cpu_ns", (cpu_time() - before) / count as f64);
}

/// A sleep is armed when it is polled for the first time.
async fn arm(mut one: Pin<&mut Sleep>) {
    std::future::poll_fn(|context| {
        check(one.as_mut().poll(context).is_pending(), "arm_cancel");
        Poll::Ready(())
    })
    .await
}

/// Arms a timer among COUNT others and drops it.
pub fn arm_cancel(count: i64) {
    let n = units(500_000);
    let runtime = new_loop();
    let others = runtime.block_on(unconstrained(async move {
        let mut all = Vec::new();
        for i in 0..count {
            let mut one = Box::pin(sleep(Duration::from_secs(60) + sleep_of(i)));
            arm(one.as_mut()).await;
            all.push(one);
        }
        all
    }));
    report_ns(n, || {
        runtime.block_on(unconstrained(async move {
            for i in 0..n {
                let one = sleep(Duration::from_secs(60) + sleep_of(i));
                tokio::pin!(one);
                arm(one).await;
            }
        }))
    });
    drop(others);
}

async fn one_yield() -> i64 {
    yield_now().await;
    1
}

pub fn timeout_idle(_: i64) {
    let n = units(300_000);
    report_ns(n, || {
        run(async move {
            let mut sum = 0;
            for _ in 0..n {
                sum += timeout(Duration::from_secs(1), one_yield()).await.unwrap_or(0);
            }
            check(sum == n, "timeout_idle");
        })
    });
}

/// Tells that it has come to where it sleeps.
async fn sleep_long(parked: Arc<AtomicI64>) {
    parked.fetch_add(1, Ordering::Relaxed);
    sleep(Duration::from_secs(3600)).await;
}

fn sleep_deep(depth: i64, parked: Arc<AtomicI64>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if depth <= 1 {
            sleep_long(parked).await;
        } else {
            sleep_deep(depth - 1, parked).await;
        }
    })
}

/// 100,000 sleepers, COUNT frames deep: abort each, then join each. Spawning is not counted.
pub fn cancel(depth: i64) {
    let n = units(100_000);
    report("ns", n, 1.0, 3, || {
        run(async move {
            let parked = Arc::new(AtomicI64::new(0));
            let all: Vec<JoinHandle<()>> = (0..n)
                .map(|_| match depth {
                    1 => tokio::spawn(sleep_long(parked.clone())),
                    _ => tokio::spawn(sleep_deep(depth, parked.clone())),
                })
                .collect();
            while parked.load(Ordering::Relaxed) < n {
                yield_now().await;
            }
            let start = Instant::now();
            for one in &all {
                one.abort();
            }
            for one in all {
                check(one.await.unwrap_err().is_cancelled(), "cancel");
            }
            start.elapsed()
        })
    });
}
