// SPDX-License-Identifier: BSL-1.0
//! The rows of the heart on Tokio's current-thread runtime.

mod measure;
mod tasks;
mod threads;
mod time;

use std::future::Future;
use tokio::runtime::{Builder, Runtime};

pub fn new_loop() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A loop for one piece of work, as #[tokio::main] makes it.
pub fn run<Work: Future>(work: Work) -> Work::Output {
    new_loop().block_on(work)
}

type Row = (&'static str, i64, fn(i64));

const ROWS: &[Row] = &[
    ("await_ready", 0, tasks::await_ready),
    ("chain_yield", 0, tasks::chain_yield),
    ("spawn_join", 0, tasks::spawn_join),
    ("gather", 10_000, tasks::gather),
    ("task_bytes", 100_000, tasks::task_bytes),
    ("yield", 2, tasks::yield_tasks),
    ("queue_handoff", 0, tasks::queue_handoff),
    ("mutex_free", 0, tasks::mutex_free),
    ("mutex_contended", 100, tasks::mutex_contended),
    ("sleeps", 1_000_000, time::sleeps),
    ("arm_cancel", 100_000, time::arm_cancel),
    ("timeout_idle", 0, time::timeout_idle),
    ("cancel", 1, time::cancel),
    ("post", 0, threads::post),
    ("round_trip_one_core", 0, threads::round_trip_one_core),
    ("round_trip_two_cores", 0, threads::round_trip_two_cores),
    ("to_thread", 1, threads::to_thread),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let wanted = arguments.get(1).map(String::as_str).unwrap_or("");
    let Some((_, count, row)) = ROWS.iter().find(|row| row.0 == wanted) else {
        let names: Vec<&str> = ROWS.iter().map(|row| row.0).collect();
        eprintln!("no row '{wanted}'; there are {}", names.join(" "));
        std::process::exit(77);
    };
    row(arguments.get(2).map_or(*count, |text| text.parse().unwrap()));
}
