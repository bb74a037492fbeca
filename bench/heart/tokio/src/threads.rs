// SPDX-License-Identifier: BSL-1.0
//! Between threads.

use crate::measure::{check, pin, report, report_ns, units};
use crate::run;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Another thread posts to the loop, both on one core.
pub fn post(_: i64) {
    pin(1);
    let n = units(200_000);
    report_ns(n, || {
        let (to, mut from) = mpsc::unbounded_channel::<i64>();
        let poster = std::thread::spawn(move || {
            for i in 0..n {
                to.send(i).unwrap();
            }
        });
        run(async move {
            let mut seen = 0;
            while from.recv().await.is_some() {
                seen += 1;
            }
            check(seen == n, "post");
        });
        poster.join().unwrap();
    });
}

/// A thread posts to the loop and sleeps until the loop has answered.
fn round_trip(loop_core: usize, caller_core: usize) {
    let n = units(if loop_core == caller_core { 20_000 } else { 3_000 });
    let (to, mut from) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
    let caller = std::thread::spawn(move || {
        pin(caller_core);
        report("us", n, 1000.0, 5, || {
            let start = Instant::now();
            for _ in 0..n {
                let (answer, answered) = oneshot::channel();
                to.send(answer).unwrap();
                answered.blocking_recv().unwrap();
            }
            start.elapsed()
        });
    });
    pin(loop_core);
    run(async move {
        while let Some(answer) = from.recv().await {
            answer.send(()).unwrap();
        }
    });
    caller.join().unwrap();
}

pub fn round_trip_one_core(_: i64) {
    round_trip(1, 1);
}

pub fn round_trip_two_cores(_: i64) {
    round_trip(0, 1);
}

/// A job on the pool of COUNT blocking threads and back, all on one core.
pub fn to_thread(count: i64) {
    pin(1);
    let n = units(20_000);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(count as usize)
        .build()
        .unwrap();
    report("us", n, 1000.0, 5, || {
        let start = Instant::now();
        runtime.block_on(async {
            for i in 0..n {
                check(tokio::task::spawn_blocking(move || i).await.unwrap() == i, "to_thread");
            }
        });
        start.elapsed()
    });
}
