//! Retention: entries moved per second and the sizes of the tiers; then write latency during runs
//! at the pace of the hourly one, as a ratio to writes between runs.
//!
//! `make bench`, or `cargo bench --features ssr --bench retention`. HOLLY_BENCH_ENTRIES (4,000) is
//! the number of entries moved, half to warm and half to cold; HOLLY_BENCH_SECONDS (20) is how long
//! writes are measured.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use holly::{
    domain::{EntryDraft, LogType, Metadata, ids::UserId},
    server::{
        archive::{Archive, Tiers},
        base::clock::Clock,
        retention::{Policy, Run, run_once, worker::throttled},
        store::stats,
        work_log::{Origin, create_work_log},
    },
};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use support::percentile;
use tokio::runtime::Runtime;

/// Age of the entries in days; half are older than the warm tier allows.
const AGE_DAYS: std::ops::Range<i64> = 10..50;
/// Alternating pause and length of runs.
const PAUSE: Duration = Duration::from_secs(1);
const RUN_TIME: Duration = Duration::from_secs(3);
/// Writes that are not measured.
const WARM_UP: u64 = 50;

/// Whether a run is in progress.
static RUN_IN_PROGRESS: AtomicBool = AtomicBool::new(false);

fn main() {
    let runtime = Runtime::new().expect("a runtime starts");
    let folder = tempfile::tempdir().expect("a folder");
    let entries = support::setting("HOLLY_BENCH_ENTRIES", 4_000);
    let (tiers, user) = runtime.block_on(async {
        let archive = format!("file://{}", folder.path().join("archive").display());
        let tiers = Tiers {
            store: support::open(folder.path()).await,
            archive: Archive::open(&archive).expect("an archive opens"),
        };
        support::fill(&tiers.store, entries, AGE_DAYS).await;
        move_all(&tiers).await;
        let user = support::fill(&tiers.store, entries, AGE_DAYS).await;
        (tiers, user)
    });
    write_beside_runs(&runtime, tiers, user);
}

/// Runs without throttling until nothing is due.
async fn move_all(tiers: &Tiers) {
    let (began, mut moved, mut more) = (Instant::now(), 0, true);
    while more {
        let run = Run::at(Policy::default(), Clock::system().now());
        let report = run_once(tiers, run).await.expect("the run succeeds");
        assert_eq!(report.failed, 0, "{report:?}");
        moved += report.moved_to_warm + report.moved_to_cold;
        more = report.more;
    }
    let each = moved as f64 / began.elapsed().as_secs_f64();
    println!("{moved} entries moved without throttling, {each:.0} a second");
    let mut reader = tiers.store.read().await.expect("a snapshot");
    let lines = stats::since(&mut reader, 0).await.expect("totals");
    for tier in ["warm", "cold"] {
        let lines = lines.iter().filter(|line| line.tier == tier);
        let (bytes, stored) = lines.fold((0, 0), |(bytes, stored), line| {
            (bytes + line.bytes, stored + line.stored_bytes)
        });
        let share = stored as f64 * 100.0 / bytes as f64;
        println!("{tier}: {bytes} bytes of text are stored in {stored}, {share:.0} %");
    }
}

/// Writes every 10 to 30 ms, from a separate thread: the runtime's timer ticks would wake a
/// throttled run at the same time.
fn write_beside_runs(runtime: &Runtime, tiers: Tiers, user: UserId) {
    let seconds = support::setting("HOLLY_BENCH_SECONDS", 20).unsigned_abs();
    let (clock, store) = (Clock::system(), tiers.store.clone());
    let maintained = store.clone();
    runtime.spawn(async move { maintained.run_checkpoints().await });
    let mut due = Instant::now();
    let runs = runtime.spawn(alternate_runs(tiers, due + Duration::from_secs(seconds)));
    let (mut times, mut n) = ([vec![], vec![]], 0);
    while !runs.is_finished() {
        due += Duration::from_micros(10_000 + n * 12_361 % 20_000);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let beside = RUN_IN_PROGRESS.load(Relaxed);
        let details = Some("with some details ".repeat(20));
        let draft = EntryDraft::clipped(LogType::Info, "A line", details, Metadata::default());
        let write = create_work_log(&store, clock.now(), user, draft, Origin::default());
        runtime.block_on(write).expect("an entry is written");
        n += 1;
        if n > WARM_UP {
            // measured from when it was due, so that queueing behind the previous write counts
            times[usize::from(beside)].push(due.elapsed());
        }
    }
    runtime.block_on(runs).expect("the runs succeed");
    let [between, beside] = times.each_ref().map(Vec::len);
    println!("\n{between} writes between runs, {beside} beside a run, in ms");
    println!("              p50      p90      p99");
    let [between, beside] =
        times.map(|mut times| [50, 90, 99].map(|percent| percentile(&mut times, percent)));
    let ratio = std::array::from_fn(|n| beside[n] / between[n]);
    for (what, [p50, p90, p99]) in [("between", between), ("beside", beside), ("ratio", ratio)] {
        println!("{what:<8} {p50:>8.2} {p90:>8.2} {p99:>8.2}");
    }
}

/// Alternates pauses and runs until nothing is due or until `end`.
async fn alternate_runs(tiers: Tiers, end: Instant) {
    let mut more = true;
    while more && Instant::now() < end {
        tokio::time::sleep(PAUSE).await;
        RUN_IN_PROGRESS.store(true, Relaxed);
        let run = Run {
            max_duration: RUN_TIME,
            ..throttled(Policy::default(), Clock::system().now(), true)
        };
        let report = run_once(&tiers, run).await.expect("the run succeeds");
        RUN_IN_PROGRESS.store(false, Relaxed);
        more = report.more;
    }
}
