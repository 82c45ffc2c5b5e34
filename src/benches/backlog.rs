//! `make bench`: a backlog is moved through the tiers while others write. Prints how long a write takes while the run pauses and
//! while it works, in turns within one run, and how much memory the run takes above idle. The backlog is
//! `HOLLY_BENCH_ENTRIES` entries (20,000) of `tests/support/corpus.rs`, half due to be packed, half to be archived. With
//! `HOLLY_BENCH_MINUTES` it is measured after so many minutes whether all was moved or not. `HOLLY_BENCH_FILL` is a folder in which
//! the backlog is written and left as it is, and `HOLLY_BENCH_FILLED` one that is moved instead of a new one.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod entries;
#[path = "backlog/filling.rs"]
mod filling;
#[path = "backlog/measuring.rs"]
mod measuring;

use holly::server::{
    archive::Archive,
    clock::Clock,
    retention::{Policy, Report, Retention, fail_points::heard_by, run_once, worker::gentle},
    store::Store,
};
use measuring::{Gate, Writes, resident};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let entries = number("HOLLY_BENCH_ENTRIES").unwrap_or(20_000);
    match folder("HOLLY_BENCH_FILL") {
        // a process of its own, so that what filling takes is not counted as the run's memory
        Some(folder) => runtime.block_on(filling::fill(&folder, entries)),
        None => runtime.block_on(measure(entries)),
    }
}

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn folder(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

async fn measure(entries: usize) {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = folder("HOLLY_BENCH_FILLED").unwrap_or_else(|| {
        fill(temporary.path(), entries);
        temporary.path().to_owned()
    });
    let store = Store::open(&filling::address(&folder))
        .await
        .expect("the database opens");
    let archive =
        Archive::open(&format!("file://{}/archive", folder.display())).expect("the archive opens");
    let retention = Retention {
        store: store.clone(),
        archive,
    };
    let gate = Gate::closed();
    let beside = store.clone();
    tokio::spawn(async move { beside.tend_log().await });
    let writes = Writes::start(store.clone(), gate.clone());
    writes.settle().await;
    let idle = resident();
    let (mut sum, began) = (Report::default(), Instant::now());
    let enough = number("HOLLY_BENCH_MINUTES").map_or(Duration::MAX, |minutes| {
        Duration::from_secs(minutes as u64 * 60)
    });
    tokio::select! {
        () = heard_by(gate.listener(), run_all(&retention, &mut sum)) => {}
        () = gate.open_and_close() => unreachable!("it goes on for ever"),
        () = tokio::time::sleep(enough) => {}
    }
    let (took, peak) = (began.elapsed().as_secs_f64(), writes.peak());
    println!(
        "moved {} to warm and {} to cold in {took:.0} s, pauses included; {} objects, {} failures",
        sum.moved_to_warm, sum.moved_to_cold, sum.objects_written, sum.failed
    );
    writes.stop().await.print();
    let above = (peak.saturating_sub(idle)) as f64 / f64::from(1 << 20);
    println!(
        "memory: {:.1} MiB idle among writes, at most {above:.1} MiB more while the run went on",
        idle as f64 / f64::from(1 << 20)
    );
}

fn fill(folder: &Path, entries: usize) {
    let (began, me) = (
        Instant::now(),
        std::env::current_exe().expect("a benchmark knows its program"),
    );
    let filled = std::process::Command::new(me)
        .env("HOLLY_BENCH_FILL", folder)
        .status();
    assert!(
        filled.is_ok_and(|status| status.success()),
        "the backlog could not be written"
    );
    println!(
        "backlog of {entries} entries, written in {:.0} s",
        began.elapsed().as_secs_f64()
    );
}

/// As the server's own task does when it is on time, or with `HOLLY_BENCH_BEHIND=1` when it is behind. Counts the passes that ended.
async fn run_all(retention: &Retention, sum: &mut Report) {
    let (clock, behind) = (
        Clock::system(),
        std::env::var_os("HOLLY_BENCH_BEHIND").is_some(),
    );
    loop {
        let report = run_once(retention, gentle(Policy::default(), clock.now(), behind))
            .await
            .expect("the run goes on");
        let more = report.more;
        sum.add(report);
        if !more {
            return;
        }
    }
}
