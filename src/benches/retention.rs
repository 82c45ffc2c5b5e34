//! Tiers: entries a second and sizes of the tiers; then how long a write takes beside runs at
//! the pace of the hourly one, as a ratio to writes between those runs.
//!
//! `make bench`, or `cargo bench --features ssr --bench retention`; HOLLY_BENCH_ENTRIES (4,000) are
//! moved, half to warm and half to cold, HOLLY_BENCH_SECONDS (20) is how long writes are measured.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use holly::{
    domain::{EntryDraft, LogType, Metadata, ids::UserId},
    server::{
        archive::{Archive, Tiers},
        base::clock::Clock,
        retention::{Policy, Run, run_once, worker::gentle},
        store::stats,
        work_log::{Origin, create_work_log},
    },
};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use support::percentile;
use tokio::runtime::Runtime;

/// Days of the backlog: half of them are older than a warm entry gets.
const DAYS: std::ops::Range<i64> = 10..50;
/// How long runs pause, and go on, in turn.
const PAUSE: Duration = Duration::from_secs(1);
const TURN: Duration = Duration::from_secs(3);
/// Writes that are not counted.
const WARM_UP: u64 = 50;

/// Whether a run is going on.
static WORKING: AtomicBool = AtomicBool::new(false);

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
        support::fill(&tiers.store, entries, DAYS).await;
        move_all(&tiers).await;
        let user = support::fill(&tiers.store, entries, DAYS).await;
        (tiers, user)
    });
    write_beside_runs(&runtime, tiers, user);
}

/// Runs without rests until nothing is due.
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
    println!("{moved} entries moved without rests, {each:.0} a second");
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

/// Writes fifty times a second, 10 to 30 ms apart. Writes come from a thread of their own, not
/// from the runtime's timers, whose ticks would wake a run's rests at the same time.
fn write_beside_runs(runtime: &Runtime, tiers: Tiers, user: UserId) {
    let seconds = support::setting("HOLLY_BENCH_SECONDS", 20).unsigned_abs();
    let (clock, store) = (Clock::system(), tiers.store.clone());
    let tended = store.clone();
    runtime.spawn(async move { tended.tend_log().await });
    let mut due = Instant::now();
    let runs = runtime.spawn(run_in_turns(tiers, due + Duration::from_secs(seconds)));
    let (mut times, mut n) = ([vec![], vec![]], 0);
    while !runs.is_finished() {
        due += Duration::from_micros(10_000 + n * 12_361 % 20_000);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let beside = WORKING.load(Relaxed);
        let details = Some("with some details ".repeat(20));
        let draft = EntryDraft::clipped(LogType::Info, "A line", details, Metadata::default());
        let write = create_work_log(&store, clock.now(), user, draft, Origin::default());
        runtime.block_on(write).expect("an entry is written");
        n += 1;
        if n > WARM_UP {
            // from when it was due: a write that waits for the one before it is late too
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

/// Pauses and runs in turn until nothing is due or `end`.
async fn run_in_turns(tiers: Tiers, end: Instant) {
    let mut more = true;
    while more && Instant::now() < end {
        tokio::time::sleep(PAUSE).await;
        WORKING.store(true, Relaxed);
        let run = Run {
            at_most: TURN,
            ..gentle(Policy::default(), Clock::system().now(), true)
        };
        let report = run_once(&tiers, run).await.expect("the run succeeds");
        WORKING.store(false, Relaxed);
        more = report.more;
    }
}
