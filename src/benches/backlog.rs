//! `make bench`: a backlog is moved through the tiers while others write. Prints how long a write takes while the run pauses and
//! while it works, in turns within one run, and how much memory the run takes above idle. The backlog is
//! `HOLLY_BENCH_ENTRIES` entries (20,000) of `tests/support/corpus.rs`, half due to be packed, half to be archived.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod entries;
#[path = "backlog/filling.rs"]
mod filling;
#[path = "backlog/measuring.rs"]
mod measuring;

use holly::server::{
    clock::Clock,
    retention::{Archive, Policy, Report, Retention, fail_points::heard_by, run_once, worker::gentle},
    store::Store,
};
use measuring::{Gate, Writes, resident};
use std::{path::Path, time::Instant};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime can be made");
    let entries = std::env::var("HOLLY_BENCH_ENTRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    match std::env::var("HOLLY_BENCH_FILL") {
        // a process of its own, so that what filling takes is not counted as the run's memory
        Ok(folder) => runtime.block_on(filling::fill(Path::new(&folder), entries)),
        Err(_) => runtime.block_on(measure(entries)),
    }
}

async fn measure(entries: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let began = Instant::now();
    let me = std::env::current_exe().expect("a benchmark knows its program");
    let filled = std::process::Command::new(me).env("HOLLY_BENCH_FILL", folder.path()).status();
    assert!(filled.is_ok_and(|status| status.success()), "the backlog could not be written");
    println!("backlog of {entries} entries, written in {:.0} s", began.elapsed().as_secs_f64());

    let store = Store::open(&filling::address(folder.path())).await.expect("the database opens");
    let archive = Archive::open(&format!("file://{}/archive", folder.path().display())).expect("the archive opens");
    let retention = Retention { store: store.clone(), archive };
    let gate = Gate::closed();
    let beside = store.clone();
    tokio::spawn(async move { beside.tend_log().await });
    let writes = Writes::start(store.clone(), gate.clone());
    writes.settle().await;
    let idle = resident();
    let began = Instant::now();
    let (sum, peak) = tokio::select! {
        sum = heard_by(gate.listener(), run_all(&retention)) => (sum, writes.peak()),
        () = gate.open_and_close() => unreachable!("it goes on for ever"),
    };
    let took = began.elapsed().as_secs_f64();
    println!(
        "moved {} to warm and {} to cold in {took:.0} s, pauses included; {} objects, {} failures",
        sum.moved_to_warm, sum.moved_to_cold, sum.objects_written, sum.failed
    );
    writes.stop().await.print();
    let above = (peak.saturating_sub(idle)) as f64 / f64::from(1 << 20);
    println!("memory: {:.1} MiB idle among writes, at most {above:.1} MiB more while the run went on", idle as f64 / f64::from(1 << 20));
}

/// As the server's own task does when it is on time, or with `HOLLY_BENCH_BEHIND=1` when it is behind.
async fn run_all(retention: &Retention) -> Report {
    let (clock, behind) = (Clock::system(), std::env::var_os("HOLLY_BENCH_BEHIND").is_some());
    let mut sum = Report::default();
    loop {
        let report = run_once(retention, gentle(Policy::default(), clock.now(), behind)).await.expect("the run goes on");
        let more = report.more;
        sum.add(report);
        if !more {
            return sum;
        }
    }
}
