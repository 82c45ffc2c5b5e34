//! What retention does, and what happens in the middle of it.

use super::{Deed, World};
use crate::{
    domain::{StorageStatus, ids::EntryId, time::HOUR_MS},
    server::{
        archive::{Tiers, reader},
        base::{
            error::{Error, Result},
            fail_points::{FailPoint, heard_by},
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

/// Places at which a run is stopped, at most, before something happens.
const PLACES: u64 = 40;
/// Entries on a page of an export.
const PAGE: i64 = 7;

/// A run that stops at each named place outside a transaction until it is told to go on.
struct Stopping {
    run: BoxFuture<'static, Result<Report>>,
    stops: mpsc::UnboundedReceiver<(FailPoint, oneshot::Sender<()>)>,
}

enum Stop {
    At(FailPoint, oneshot::Sender<()>),
    Over(Result<Report>),
}

impl Stopping {
    fn begin(tiers: Tiers, run: Run) -> Self {
        let (stop, stops) = mpsc::unbounded_channel();
        let listener = Arc::new(move |point: FailPoint| {
            let (go, gone_on) = oneshot::channel();
            let waits = !point.is_in_transaction() && stop.send((point, go)).is_ok();
            async move {
                if waits {
                    drop(gone_on.await)
                }
            }
            .boxed()
        });
        let run = heard_by(listener, async move { run_once(&tiers, run).await });
        Self {
            run: run.boxed(),
            stops,
        }
    }

    async fn next(&mut self) -> Stop {
        tokio::select! {
            biased;
            over = &mut self.run => Stop::Over(over),
            Some((point, go)) = self.stops.recv() => Stop::At(point, go),
        }
    }
}

/// A restored backup knows little of what was put after it: what is an orphan to it waits for an
/// admin's word.
fn only_orphans_are_left(report: &Report) -> bool {
    matches!(report.failures.as_slice(), [why] if why.contains("--confirm-orphans"))
}

impl World {
    fn run_now(&mut self) -> Run {
        self.ran = self.ran.max(self.now);
        Run {
            trust_clock: true,
            ..Run::at(self.policy, self.now)
        }
    }

    pub(in crate::tests::retention) async fn run(&mut self) -> Report {
        let run = self.run_now();
        let mut report = self.run_mistrusting(run).await;
        if report.waiting.is_some() {
            report = run_once(&self.tiers, run).await.unwrap();
        }
        if only_orphans_are_left(&report) {
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

    /// A run on nobody's word deletes nothing after a leap of the clock that would delete much, and
    /// waits for nothing else.
    async fn run_mistrusting(&mut self, run: Run) -> Report {
        self.forget_expired().await;
        let last = runs::last_seen(&mut self.store.read().await.unwrap())
            .await
            .unwrap();
        let leapt = last.is_some_and(|last| run.now.since(last) > 20 * HOUR_MS);
        let (before, expired) = (
            self.map.known.len(),
            self.map
                .known
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
            let untouched =
                (report.deleted, report.orphans_deleted, self.map.known.len()) == (0, 0, before);
            assert!(leapt && untouched, "{last:?}, {before} entries: {report:?}");
        } else {
            assert!(
                !leapt || 5 * expired <= before,
                "{last:?}, {expired} of {before} expired: {report:?}"
            );
        }
        report
    }

    pub(super) async fn run_among_lies(&mut self) {
        self.archive_lies(true);
        let run = self.run_now();
        run_once(&self.tiers, run).await.unwrap();
        self.archive_lies(false);
        self.forget_expired().await;
    }

    /// What a dry run tells is what the run does, row by row.
    pub(super) async fn rehearse(&mut self) {
        let run = self.run_now();
        let DryRun {
            plan, report: told, ..
        } = dry_run(
            &self.tiers,
            Run {
                trust_clock: false,
                ..run
            },
        )
        .await
        .unwrap();
        let did = self.run_mistrusting(run).await;
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
            (moves(&told), objects(&told)),
            (moves(&did), objects(&did)),
            "told {told:?}, did {did:?}"
        );
        assert_eq!(told.waiting, did.waiting);
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

    /// In the middle of a run people do something, and perhaps again.
    pub(super) async fn run_among_deeds(&mut self) {
        let (at, deed) = (self.chance.below(PLACES), self.chance.one_of(Deed::ALL));
        let (again, another) = (self.chance.below(PLACES), self.chance.one_of(Deed::ALL));
        let run = self.run_now();
        let mut run = Stopping::begin(self.tiers.clone(), run);
        let mut place = 0;
        while let Stop::At(_, go) = run.next().await {
            for (when, what) in [(at, deed), (again, another)] {
                if when == place {
                    self.in_the_middle(what).await;
                }
            }
            place += 1;
            _ = go.send(());
        }
        self.forget_expired().await;
    }

    /// Does something the first time a run passes this place. `false` when it does not pass it.
    pub(in crate::tests::retention) async fn run_with(
        &mut self,
        deed: Deed,
        at: FailPoint,
    ) -> bool {
        let run = self.run_now();
        let mut run = Stopping::begin(self.tiers.clone(), run);
        let mut passed = false;
        while let Stop::At(point, go) = run.next().await {
            if point == at && !passed {
                passed = true;
                self.in_the_middle(deed).await;
            }
            _ = go.send(());
        }
        self.forget_expired().await;
        passed
    }

    /// What is gone by now may be gone; what is there must stay if the deed says so.
    async fn in_the_middle(&mut self, deed: Deed) {
        self.forget_expired().await;
        self.deed(deed).await;
    }

    /// An export that is read while a run moves everything has each entry once.
    pub(super) async fn run_among_exports(&mut self) {
        let before: BTreeSet<EntryId> = self.map.known.keys().copied().collect();
        let (person, mut last, mut exported) =
            (self.chance.one_of(&self.map.people), None, Vec::new());
        let run = self.run_now();
        let mut run = Stopping::begin(self.tiers.clone(), run);
        let mut done = false;
        loop {
            let go = match run.next().await {
                Stop::At(_, go) if !done => Some(go),
                Stop::At(..) => continue,
                Stop::Over(over) => {
                    drop(over.unwrap());
                    None
                }
            };
            let over = go.is_none();
            loop {
                let page = reader::retry_on_moved_object(&self.store, |mut reader| {
                    let archive = &self.tiers.archive;
                    async move {
                        reader::list(
                            &mut reader,
                            archive,
                            person,
                            (&EntryFilter::default(), false),
                            last,
                            PAGE,
                        )
                        .await
                    }
                });
                let page = page.await.unwrap();
                done |= page.is_empty();
                last = page.last().map(|entry| entry.id).or(last);
                exported.extend(page.into_iter().map(|entry| entry.id));
                if done || !over {
                    break;
                }
            }
            if over {
                break;
            }
        }
        self.forget_expired().await;
        let once: BTreeSet<EntryId> = exported.iter().copied().collect();
        assert_eq!(once.len(), exported.len(), "an entry is exported twice");
        assert!(once.is_subset(&before), "an export has what nobody wrote");
        let lasting = self
            .map
            .known
            .values()
            .filter(|known| known.entry.user_id == person)
            .map(|known| known.entry.id);
        assert!(
            lasting.collect::<BTreeSet<_>>().is_subset(&once),
            "an export lacks what was there all the time"
        );
    }

    /// A run stands still for longer than its lease; another one takes over, and the first changes
    /// nothing any more.
    pub(super) async fn run_until_another_takes_over(&mut self) {
        let at = self.chance.below(PLACES);
        let run = self.run_now();
        let mut run = Stopping::begin(self.tiers.clone(), run);
        let (mut place, mut superseded) = (0, false);
        loop {
            match run.next().await {
                Stop::At(point, go) => {
                    if place == at && point != FailPoint::LeaseTaken {
                        self.now = self.now.plus(HOUR_MS);
                        self.run().await;
                        superseded = true;
                    }
                    place += 1;
                    _ = go.send(());
                }
                Stop::Over(Ok(report)) => {
                    break assert!(
                        !superseded || report.failed == 0 || only_orphans_are_left(&report),
                        "{report:?}"
                    );
                }
                Stop::Over(Err(Error::Superseded)) => break assert!(superseded),
                Stop::Over(Err(error)) => panic!("{error}"),
            }
        }
        self.forget_expired().await;
    }

    /// A run that ends somewhere in the middle, as when the process is killed.
    pub(super) async fn run_and_die(&mut self) {
        let (mut polls, run) = (self.chance.below(300), self.run_now());
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
