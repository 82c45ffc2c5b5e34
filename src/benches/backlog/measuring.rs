//! Writes at a steady rate, how long each took, and a gate at which a run waits in turns.

use crate::filling::person;
use futures::FutureExt;
use holly::{
    server::{
        clock::Clock,
        retention::fail_points::{FailPoint, Listener},
        store::Store,
        work_log::{Origin, create_work_log},
    },
    work_log::{EntryDraft, LogType, Metadata, Status},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

/// A hundred writes a second: the `n`th so many microseconds after the one before, 5,000 to 15,000 spread evenly.
const fn gap_us(n: u64) -> u64 {
    5_000 + n * 6_181 % 10_000
}

/// How long the run goes on, and pauses, in turn.
const WORKS: Duration = Duration::from_secs(18);
const PAUSES: Duration = Duration::from_secs(3);
/// After the gate moved, so long nothing is measured: what was under way comes to its end.
const UNCLEAR: Duration = Duration::from_millis(300);

/// Lets a run pass or wait.
#[derive(Clone)]
pub struct Gate(Arc<watch::Sender<(bool, Instant)>>);

impl Gate {
    pub fn closed() -> Self {
        Self(Arc::new(watch::Sender::new((false, Instant::now()))))
    }

    /// Makes a rest of the run last while the gate is closed.
    pub fn listener(&self) -> Listener {
        let gate = self.0.clone();
        Arc::new(move |point| {
            let mut gate = gate.subscribe();
            async move {
                if point == FailPoint::Rested {
                    drop(gate.wait_for(|(open, _)| *open).await);
                }
            }
            .boxed()
        })
    }

    pub async fn open_and_close(&self) {
        loop {
            for (open, turn) in [(true, WORKS), (false, PAUSES)] {
                self.0.send_replace((open, Instant::now()));
                tokio::time::sleep(turn).await;
            }
        }
    }

    /// Whether a write that began at `at` met a run that works, or one that pauses.
    fn met(&self, at: Instant) -> Option<bool> {
        let (open, since) = *self.0.borrow();
        (at > since + UNCLEAR).then_some(open)
    }
}

/// How long writes took.
#[derive(Default)]
pub struct Latencies {
    paused: Vec<Duration>,
    working: Vec<Duration>,
}

/// Writes that go on.
pub struct Writes {
    task: JoinHandle<()>,
    latencies: Arc<Mutex<Latencies>>,
    peak: Arc<AtomicUsize>,
}

impl Writes {
    pub fn start(store: Store, gate: Gate) -> Self {
        let (latencies, peak) = (
            Arc::<Mutex<Latencies>>::default(),
            Arc::<AtomicUsize>::default(),
        );
        let task = tokio::spawn(write(store, gate, latencies.clone(), peak.clone()));
        Self {
            task,
            latencies,
            peak,
        }
    }

    /// Waits until writing is nothing new any more.
    pub async fn settle(&self) {
        tokio::time::sleep(PAUSES).await;
        *self.latencies.lock().expect("nobody panicked") = Latencies::default();
        self.peak.store(0, Ordering::Relaxed);
    }

    /// The most memory that was seen since.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    pub async fn stop(self) -> Latencies {
        self.task.abort();
        drop(self.task.await);
        std::mem::take(&mut *self.latencies.lock().expect("nobody panicked"))
    }
}

/// When writes are due, for ever. They come from outside at any time, not when the runtime's own timers, which know milliseconds
/// alone, wake the run as well.
fn dues() -> mpsc::UnboundedReceiver<Instant> {
    let (told, dues) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let mut due = Instant::now();
        for n in 0.. {
            due += Duration::from_micros(gap_us(n));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if told.send(due).is_err() {
                return;
            }
        }
    });
    dues
}

async fn write(store: Store, gate: Gate, latencies: Arc<Mutex<Latencies>>, peak: Arc<AtomicUsize>) {
    let clock = Clock::system();
    let user = person(&store, clock.now()).await;
    let mut dues = dues();
    // from when it should have begun: a write that waits for the one before it is late too
    while let Some(due) = dues.recv().await {
        let draft = EntryDraft {
            conversation_id: None,
            parent_id: None,
            log_type: LogType::Info,
            status: Status::Info,
            title: "A line that somebody writes".to_owned(),
            details: Some("with some details ".repeat(20)),
            metadata: Metadata::default(),
            duration_ms: None,
            lease_ms: 1,
        };
        create_work_log(&store, clock.now(), user, draft, Origin::default())
            .await
            .expect("it is written");
        let took = due.elapsed();
        let mut latencies = latencies.lock().expect("nobody panicked");
        match gate.met(due) {
            Some(true) => latencies.working.push(took),
            Some(false) => latencies.paused.push(took),
            None => {}
        }
        drop(latencies);
        peak.fetch_max(resident(), Ordering::Relaxed);
    }
}

impl Latencies {
    pub fn print(mut self) {
        let (paused, working) = (figures(&mut self.paused), figures(&mut self.working));
        println!("a write, in ms:   p50    p90    p99    max");
        for (what, [p50, p90, p99, max], count) in [
            ("run pauses", paused, self.paused.len()),
            ("run works", working, self.working.len()),
        ] {
            println!("  {what:<12} {p50:>6.2} {p90:>6.2} {p99:>6.2} {max:>6.2}   ({count} writes)");
        }
        println!(
            "  p99 while the run works is {:.2} times that while it pauses",
            working[2] / paused[2]
        );
    }
}

fn figures(latencies: &mut [Duration]) -> [f64; 4] {
    latencies.sort();
    let at = |thousandths: usize| {
        let index = (latencies.len() * thousandths / 1_000).min(latencies.len().saturating_sub(1));
        latencies
            .get(index)
            .map_or(0.0, |took| took.as_secs_f64() * 1e3)
    };
    [at(500), at(900), at(990), at(1_000)]
}

/// Memory of this process that is really there, in bytes.
pub fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok())
        .unwrap_or(0)
        * 4_096
}
