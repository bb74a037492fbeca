// SPDX-License-Identifier: BSL-1.0
//! Calls, tasks, switching.

use crate::measure::{check, figure, report_ns, resident_bytes, units};
use crate::run;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use tokio::sync::{mpsc, Mutex, Notify};
use tokio::task::{yield_now, JoinHandle};

/// A child behind a pointer: a plain `async fn` is not a frame of its own, it is inlined into its parent's.
#[inline(never)]
fn child(i: i64) -> Pin<Box<dyn Future<Output = i64> + Send>> {
    Box::pin(async move { i })
}

pub fn await_ready(_: i64) {
    let n = units(4_000_000);
    report_ns(n, || {
        run(async move {
            let mut sum = 0;
            for _ in 0..n {
                sum += child(1).await;
            }
            check(sum == n, "await_ready");
        })
    });
}

fn chain(depth: i64) -> Pin<Box<dyn Future<Output = i64>>> {
    Box::pin(async move {
        if depth == 1 {
            yield_now().await;
            return 1;
        }
        chain(depth - 1).await + 1
    })
}

pub fn chain_yield(_: i64) {
    let n = units(200_000);
    report_ns(n, || {
        run(async move {
            let mut sum = 0;
            for _ in 0..n {
                sum += chain(10).await;
            }
            check(sum == 10 * n, "chain_yield");
        })
    });
}

async fn small_task(i: i64) -> i64 {
    i
}

pub fn spawn_join(_: i64) {
    let n = units(300_000);
    report_ns(n, || {
        run(async move {
            let mut sum = 0;
            for _ in 0..n {
                sum += tokio::spawn(small_task(1)).await.unwrap();
            }
            check(sum == n, "spawn_join");
        })
    });
}

/// COUNT tasks that return their number at once; all are spawned, then each is joined.
pub fn gather(count: i64) {
    let times = (units(200_000) / count).max(1);
    report_ns(times * count, || {
        run(async move {
            for _ in 0..times {
                let all: Vec<JoinHandle<i64>> = (0..count).map(|i| tokio::spawn(small_task(i))).collect();
                let mut sum = 0;
                for one in all {
                    sum += one.await.unwrap();
                }
                check(sum == count * (count - 1) / 2, "gather");
            }
        })
    });
}

/// Growth of resident memory by COUNT tasks that wait for one Notify.
pub fn task_bytes(count: i64) {
    run(async move {
        let before = resident_bytes();
        let go = Arc::new(Notify::new());
        let parked = Arc::new(AtomicI64::new(0));
        let mut all = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let (go, parked) = (go.clone(), parked.clone());
            all.push(tokio::spawn(async move {
                parked.fetch_add(1, Ordering::Relaxed);
                go.notified().await;
            }));
        }
        while parked.load(Ordering::Relaxed) < count {
            yield_now().await;
        }
        figure("bytes", (resident_bytes() - before) / count as f64);
        go.notify_waiters();
        for one in all {
            one.await.unwrap();
        }
    });
}

pub fn yield_tasks(count: i64) {
    let each = (units(1_000_000) / count).max(1);
    report_ns(each * count, || {
        run(async move {
            let yielder = || async move {
                let mut steps = 0;
                for _ in 0..each {
                    yield_now().await;
                    steps += 1;
                }
                steps
            };
            let all: Vec<JoinHandle<i64>> = (0..count).map(|_| tokio::spawn(yielder())).collect();
            let mut steps = 0;
            for one in all {
                steps += one.await.unwrap();
            }
            check(steps == each * count, "yield");
        })
    });
}

pub fn queue_handoff(_: i64) {
    let n = units(500_000);
    report_ns(n, || {
        run(async move {
            let (to, mut from) = mpsc::channel::<i64>(1);
            tokio::spawn(async move {
                for i in 0..n {
                    to.send(i).await.unwrap();
                }
            });
            let consumer = tokio::spawn(async move {
                let mut sum = 0;
                while let Some(item) = from.recv().await {
                    sum += item;
                }
                sum
            });
            check(consumer.await.unwrap() == n * (n - 1) / 2, "queue_handoff");
        })
    });
}

pub fn mutex_free(_: i64) {
    let n = units(2_000_000);
    report_ns(n, || {
        run(async move {
            let door = Mutex::new(0i64);
            for _ in 0..n {
                *door.lock().await += 1;
            }
            check(*door.lock().await == n, "mutex_free");
        })
    });
}

pub fn mutex_contended(count: i64) {
    let each = (units(200_000) / count).max(1);
    report_ns(each * count, || {
        let local = tokio::task::LocalSet::new();
        run(local.run_until(async move {
            let door = Rc::new(Mutex::new(()));
            let inside = Rc::new(Cell::new(0i64));
            let mut all = Vec::new();
            for _ in 0..count {
                let (door, inside) = (door.clone(), inside.clone());
                all.push(tokio::task::spawn_local(async move {
                    for _ in 0..each {
                        let guard = door.lock().await;
                        let before = inside.get();
                        yield_now().await;
                        inside.set(before + 1); // wrong when somebody else was inside
                        drop(guard);
                    }
                }));
            }
            for one in all {
                one.await.unwrap();
            }
            check(inside.get() == each * count, "mutex_contended");
        }))
    });
}
