// SPDX-License-Identifier: BSL-1.0
//! What measure.hpp is for the C++ programs: repeating, checking, pinning, printing.

use std::time::{Duration, Instant};

pub fn figure(name: &str, value: f64) {
    println!("{name} {value:.6}");
}

/// A wrong result is no result.
pub fn check(right: bool, what: &str) {
    if !right {
        eprintln!("wrong result: {what}");
        std::process::exit(1);
    }
}

fn setting(name: &str, otherwise: i64) -> i64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// How many units a round has; fewer where instructions are counted.
pub fn units(n: i64) -> i64 {
    (n / setting("BENCH_SHRINK", 1)).max(1)
}

/// Runs `round` once to warm up and then several times; prints the median of the time that it returns for one unit.
pub fn report(name: &str, units: i64, scale: f64, rounds: i64, mut round: impl FnMut() -> Duration) {
    round();
    let rounds = setting("BENCH_ROUNDS", rounds).max(1);
    let mut all: Vec<f64> = (0..rounds).map(|_| round().as_nanos() as f64).collect();
    all.sort_by(f64::total_cmp);
    figure(name, all[all.len() / 2] / units as f64 / scale);
    if std::env::var("BENCH_ROUNDS").is_ok() {
        figure("units", units as f64);
    }
}

/// Prints `ns`, the time of one unit: `round()` does `units` of them.
pub fn report_ns(units: i64, mut round: impl FnMut()) {
    report("ns", units, 1.0, 5, || {
        let start = Instant::now();
        round();
        start.elapsed()
    });
}

/// User and system time of this process so far, in nanoseconds.
pub fn cpu_time() -> f64 {
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut used) };
    let nanoseconds = |t: libc::timeval| t.tv_sec as f64 * 1e9 + t.tv_usec as f64 * 1e3;
    nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime)
}

/// Resident memory of this process.
pub fn resident_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as f64
}

/// How long the i-th sleeper sleeps: 1 to 1,000 whole milliseconds, mixed, the same for all who are measured.
pub fn sleep_of(i: i64) -> Duration {
    Duration::from_millis(1 + (i as u64).wrapping_mul(2654435761) % 1000)
}

/// Pins the calling thread, and those that it starts from now on.
pub fn pin(core: usize) {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        if libc::sched_setaffinity(0, std::mem::size_of_val(&set), &set) != 0 {
            eprintln!("cannot run on core {core}");
            std::process::exit(77);
        }
    }
}
