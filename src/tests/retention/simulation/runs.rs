//! Retention runs, and what interrupts them.

use super::{Action, Simulation};
use crate::{
    domain::{StorageStatus, ids::EntryId, time::HOUR_MS},
    server::{
        archive::{Tiers, reader},
        base::{
            error::{Error, Result},
            fail_points::{FailPoint, with_hook},
        },
        retention::{
            Report, Run,
            dry_run::{DryRun, dry_run},
            plan::PlanStep,
            run_once,
        },
        store::{retention::runs, work_logs::EntryFilter},
    },
};
use futures::{FutureExt, future::BoxFuture};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::{mpsc, oneshot};

/// The number of fail points after which an action happens at the latest.
const MAX_STOPS: u64 = 40;
/// Entries per page of an export.
const EXPORT_PAGE_SIZE: i64 = 7;

/// A run that stops at each fail point outside a transaction until it is resumed.
struct PausableRun {
    run: BoxFuture<'static, Result<Report>>,
    stops: mpsc::UnboundedReceiver<(FailPoint, oneshot::Sender<()>)>,
}

enum Stop {
    At(FailPoint, oneshot::Sender<()>),
    Finished(Result<Report>),
}

impl PausableRun {
    fn new(tiers: Tiers, run: Run) -> Self {
        let (stop, stops) = mpsc::unbounded_channel();
        let listener = Arc::new(move |point: FailPoint| {
            let (resume, resumed) = oneshot::channel();
            let waits = !point.is_in_transaction() && stop.send((point, resume)).is_ok();
            async move {
                if waits {
                    drop(resumed.await)
                }
            }
            .boxed()
        });
        let run = with_hook(listener, async move { run_once(&tiers, run).await });
        Self {
            run: run.boxed(),
            stops,
        }
    }

    async fn next(&mut self) -> Stop {
        tokio::select! {
            biased;
            result = &mut self.run => Stop::Finished(result),
            Some((point, resume)) = self.stops.recv() => Stop::At(point, resume),
        }
    }
}

/// Whether the only failure is orphans that an admin must confirm: a restored backup does not know
/// the objects written after it.
fn only_orphans_failed(report: &Report) -> bool {
    matches!(report.failures.as_slice(), [failure] if failure.contains("--confirm-orphans"))
}

impl Simulation {
    fn run_now(&mut self) -> Run {
        self.last_run_at = self.last_run_at.max(self.now);
        Run {
            trust_clock: true,
            ..Run::at(self.policy, self.now)
        }
    }

    pub(in crate::tests::retention) async fn run(&mut self) -> Report {
        let run = self.run_now();
        let mut report = self.run_with_clock_guard(run).await;
        if report.waiting.is_some() {
            report = run_once(&self.tiers, run).await.unwrap();
        }
        if only_orphans_failed(&report) {
            let confirmed = run_once(
                &self.tiers,
                Run {
                    trust_database: true,
                    ..run
                },
            )
            .await
            .unwrap();
            report.failed = confirmed.failed;
        }
        assert_eq!((report.failed, report.busy), (0, false), "{report:?}");
        self.forget_expired().await;
        report
    }

    /// Without confirmation, a run deletes nothing after a clock jump that would delete much, and
    /// asks for confirmation in no other case.
    async fn run_with_clock_guard(&mut self, run: Run) -> Report {
        self.forget_expired().await;
        let last = runs::last_seen(&mut self.store.read().await.unwrap())
            .await
            .unwrap();
        let jumped = last.is_some_and(|last| run.now.since(last) > 20 * HOUR_MS);
        let (before, expired) = (
            self.expected.entries.len(),
            self.expected
                .entries
                .keys()
                .filter(|id| self.may_be_gone(**id))
                .count(),
        );
        let report = run_once(
            &self.tiers,
            Run {
                trust_clock: false,
                ..run
            },
        )
        .await
        .unwrap();
        self.forget_expired().await;
        if report.waiting.is_some() {
            let untouched = (
                report.deleted,
                report.orphans_deleted,
                self.expected.entries.len(),
            ) == (0, 0, before);
            assert!(
                jumped && untouched,
                "{last:?}, {before} entries: {report:?}"
            );
        } else {
            assert!(
                !jumped || 5 * expired <= before,
                "{last:?}, {expired} of {before} expired: {report:?}"
            );
        }
        report
    }

    pub(super) async fn run_with_faults(&mut self) {
        self.set_archive_faults(true);
        let run = self.run_now();
        run_once(&self.tiers, run).await.unwrap();
        self.set_archive_faults(false);
        self.forget_expired().await;
    }

    /// A dry run reports exactly what the run then does, row by row.
    pub(super) async fn compare_dry_run(&mut self) {
        let run = self.run_now();
        let DryRun {
            plan,
            report: planned,
            ..
        } = dry_run(
            &self.tiers,
            Run {
                trust_clock: false,
                ..run
            },
        )
        .await
        .unwrap();
        let actual = self.run_with_clock_guard(run).await;
        let moves = |report: &Report| {
            (
                report.moved_to_warm,
                report.moved_to_cold,
                report.moved_to_archived,
                report.deleted,
            )
        };
        let objects = |report: &Report| (report.objects_written, report.objects_deleted);
        assert_eq!(
            (moves(&planned), objects(&planned)),
            (moves(&actual), objects(&actual)),
            "planned {planned:?}, actual {actual:?}"
        );
        assert_eq!(planned.waiting, actual.waiting);
        let listed = self.listed().await;
        let tier = |id: &EntryId| {
            listed
                .iter()
                .find(|entry| entry.id == *id)
                .map(|entry| entry.storage_status)
        };
        for step in plan.steps {
            match step {
                PlanStep::Pack(_, ids) => {
                    assert!(ids.iter().all(|id| tier(id) == Some(StorageStatus::Warm)))
                }
                PlanStep::ExpireRows(_, ids) => assert!(ids.iter().all(|id| tier(id).is_none())),
                _ => {}
            }
        }
    }

    /// A run interrupted by up to two random user actions.
    pub(super) async fn run_with_random_actions(&mut self) {
        let (at, action) = (self.rng.below(MAX_STOPS), self.rng.pick(Action::ALL));
        let (second_at, second_action) = (self.rng.below(MAX_STOPS), self.rng.pick(Action::ALL));
        let run = self.run_now();
        let mut run = PausableRun::new(self.tiers.clone(), run);
        let mut stops = 0;
        while let Stop::At(_, resume) = run.next().await {
            for (when, action) in [(at, action), (second_at, second_action)] {
                if when == stops {
                    self.interrupt_with(action).await;
                }
            }
            stops += 1;
            _ = resume.send(());
        }
        self.forget_expired().await;
    }

    /// Performs `action` the first time a run reaches the fail point `at`. Returns whether it did.
    pub(in crate::tests::retention) async fn run_with_action(
        &mut self,
        action: Action,
        at: FailPoint,
    ) -> bool {
        let run = self.run_now();
        let mut run = PausableRun::new(self.tiers.clone(), run);
        let mut reached = false;
        while let Stop::At(point, resume) = run.next().await {
            if point == at && !reached {
                reached = true;
                self.interrupt_with(action).await;
            }
            _ = resume.send(());
        }
        self.forget_expired().await;
        reached
    }

    /// Performs an action during a run, which may have deleted expired entries before.
    async fn interrupt_with(&mut self, action: Action) {
        self.forget_expired().await;
        self.perform(action).await;
    }

    /// An export read during a run contains each entry once.
    pub(super) async fn run_during_export(&mut self) {
        let before: BTreeSet<EntryId> = self.expected.entries.keys().copied().collect();
        let (user, mut last, mut exported) =
            (self.rng.pick(&self.expected.users), None, Vec::new());
        let run = self.run_now();
        let mut run = PausableRun::new(self.tiers.clone(), run);
        let mut done = false;
        loop {
            let resume = match run.next().await {
                Stop::At(_, resume) if !done => Some(resume),
                Stop::At(..) => continue,
                Stop::Finished(result) => {
                    drop(result.unwrap());
                    None
                }
            };
            let finished = resume.is_none();
            loop {
                let page = reader::retry_on_moved_object(&self.store, |mut reader| {
                    let archive = &self.tiers.archive;
                    async move {
                        reader::list(
                            &mut reader,
                            archive,
                            user,
                            (&EntryFilter::default(), false),
                            last,
                            EXPORT_PAGE_SIZE,
                        )
                        .await
                    }
                });
                let page = page.await.unwrap();
                done |= page.is_empty();
                last = page.last().map(|entry| entry.id).or(last);
                exported.extend(page.into_iter().map(|entry| entry.id));
                if done || !finished {
                    break;
                }
            }
            if finished {
                break;
            }
        }
        self.forget_expired().await;
        let ids: BTreeSet<EntryId> = exported.iter().copied().collect();
        assert_eq!(ids.len(), exported.len(), "an entry is exported twice");
        assert!(
            ids.is_subset(&before),
            "an export contains an unknown entry"
        );
        let remaining = self
            .expected
            .entries
            .values()
            .filter(|expected| expected.entry.user_id == user)
            .map(|expected| expected.entry.id);
        assert!(
            remaining.collect::<BTreeSet<_>>().is_subset(&ids),
            "an export lacks an entry that existed all the time"
        );
    }

    /// A run pauses for longer than its lease and another takes over; the first must not change
    /// anything afterwards.
    pub(super) async fn run_until_superseded(&mut self) {
        let at = self.rng.below(MAX_STOPS);
        let run = self.run_now();
        let mut run = PausableRun::new(self.tiers.clone(), run);
        let (mut stops, mut superseded) = (0, false);
        loop {
            match run.next().await {
                Stop::At(point, resume) => {
                    if stops == at && point != FailPoint::LeaseTaken {
                        self.now = self.now.plus(HOUR_MS);
                        self.run().await;
                        superseded = true;
                    }
                    stops += 1;
                    _ = resume.send(());
                }
                Stop::Finished(Ok(report)) => {
                    break assert!(
                        !superseded || report.failed == 0 || only_orphans_failed(&report),
                        "{report:?}"
                    );
                }
                Stop::Finished(Err(Error::Superseded)) => break assert!(superseded),
                Stop::Finished(Err(error)) => panic!("{error}"),
            }
        }
        self.forget_expired().await;
    }

    /// A run that stops at a random point, as when the process is killed.
    pub(super) async fn run_and_crash(&mut self) {
        let (mut polls, run) = (self.rng.below(300), self.run_now());
        let mut run = Box::pin(run_once(&self.tiers, run));
        std::future::poll_fn(|context| {
            let ended = run.as_mut().poll(context).is_ready();
            polls = polls.saturating_sub(1);
            if ended || polls == 0 {
                return std::task::Poll::Ready(());
            }
            std::task::Poll::Pending
        })
        .await;
    }
}
