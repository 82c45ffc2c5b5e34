//! Readers who would rather see what there is than nothing: what the archive does not give them is
//! a gap, which they are told. Whoever must have all (an export, an erasure, a single entry) reads
//! the archive as it is, and fails.

use super::Archive;
use crate::{
    domain::{Gap, GapReason, ids::EntryId},
    server::{
        base::{error::ArchiveError, log_targets},
        store::{retention::archived_objects::ArchivedObjectRow, work_logs::StoredEntry},
    },
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// How long somebody waits for the archive who looks at a page and would rather have a gap in it.
const PATIENCE: Duration = Duration::from_secs(4);
/// After so long somebody who searches would rather see what was found so far, and go on from
/// there. Tests have few objects.
const LOOKING: Duration = Duration::from_secs(if cfg!(test) { 0 } else { 2 });

/// Gaps that are told, at most.
const TOLD: usize = 100;

/// What one reading could not see.
#[derive(Debug, Clone)]
pub struct GapCollector {
    noted: Arc<Mutex<Noted>>,
    began: Instant,
}

#[derive(Debug, Default)]
struct Noted {
    gaps: Vec<Gap>,
    /// The archive did not answer, or not in time: it is not asked again in this reading.
    silent: bool,
    /// An object that is missing is a gap; before the last try it means that the snapshot is old.
    last_try: bool,
    /// The newest id that a search did not come to.
    unsearched: Option<EntryId>,
}

impl GapCollector {
    /// Nothing missed yet.
    pub(super) fn new(last_try: bool) -> Self {
        Self {
            noted: Arc::new(Mutex::new(Noted {
                last_try,
                ..Noted::default()
            })),
            began: Instant::now(),
        }
    }

    /// What was missed, oldest first.
    pub(super) fn noted(&self) -> Vec<Gap> {
        told(self.lock().gaps.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, shelf: &ArchivedObjectRow, reason: GapReason) {
        let mut noted = self.lock();
        noted.silent |= reason == GapReason::Unreachable;
        noted.gaps.push(Gap {
            from: shelf.first_id,
            to: shelf.last_id,
            entries: shelf.entries,
            reason,
        });
    }
}

impl Archive {
    /// The entries of an object; `None` when they cannot be had and the reader takes a gap instead.
    pub(super) async fn shelf(
        &self,
        shelf: &ArchivedObjectRow,
    ) -> Result<Option<Arc<Vec<StoredEntry>>>, ArchiveError> {
        let Some(gaps) = self.gaps() else {
            return self.entries(&shelf.key, &shelf.sha256).await.map(Some);
        };
        let left = PATIENCE.saturating_sub(gaps.began.elapsed());
        if left.is_zero() {
            gaps.lock().silent = true;
        }
        if gaps.lock().silent {
            let known = self.known(&shelf.key);
            if known.is_none() {
                gaps.note(shelf, GapReason::Unreachable);
            }
            return Ok(known);
        }
        match self
            .with_patience(left)
            .entries(&shelf.key, &shelf.sha256)
            .await
        {
            Ok(entries) => Ok(Some(entries)),
            Err(why @ ArchiveError::Missing(_)) if !gaps.lock().last_try => Err(why),
            Err(why) => {
                tracing::warn!(
                    target: log_targets::ARCHIVE_PARTIAL,
                    key = shelf.key, error = %why, "a reader sees a gap where the archive should be"
                );
                let unreachable = matches!(why, ArchiveError::Unreachable(_));
                gaps.note(
                    shelf,
                    if unreachable {
                        GapReason::Unreachable
                    } else {
                        GapReason::Unreadable
                    },
                );
                Ok(None)
            }
        }
    }

    /// Whether its reader has searched for long enough.
    pub(super) fn has_searched_long(&self) -> bool {
        self.gaps()
            .is_some_and(|gaps| gaps.began.elapsed() >= LOOKING && !gaps.lock().silent)
    }

    /// Notes that a search ends before it came to this id.
    pub(super) fn leave_unsearched(&self, id: EntryId) {
        if let Some(gaps) = self.gaps() {
            gaps.lock().unsearched = Some(id);
        }
    }

    /// Before which id a search goes on that ended early, because it took long.
    pub fn goes_on_before(&self) -> Option<EntryId> {
        self.gaps()?.lock().unsearched.map(EntryId::just_above)
    }

    /// Whether it did not answer this reader.
    pub(super) fn is_silent(&self) -> bool {
        self.gaps().is_some_and(|gaps| gaps.lock().silent)
    }
}

/// Gaps, oldest first. Of more than can be told one by one, neighbours are told as one.
fn told(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort_by_key(|gap| (gap.from, gap.to));
    gaps.dedup();
    let together = gaps.len().div_ceil(TOLD).max(1);
    gaps.chunks(together)
        .filter_map(|gaps| gaps.iter().copied().reduce(Gap::joined))
        .collect()
}

/// The gaps that a page shows whose rows reach from `from` to before `to`.
pub fn within(gaps: Vec<Gap>, from: Option<Uuid>, to: Option<Uuid>) -> Vec<Gap> {
    let shown = |gap: &Gap| {
        from.is_none_or(|from| gap.to >= EntryId::from_uuid(from))
            && to.is_none_or(|to| gap.from < EntryId::from_uuid(to))
    };
    gaps.into_iter().filter(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_gaps_neighbours_are_told_as_one() {
        let id = |n| EntryId::from_uuid(Uuid::from_u128(n));
        let gap = |n: u128| Gap {
            from: id(2 * n),
            to: id(2 * n + 1),
            entries: 2,
            reason: GapReason::Unreachable,
        };
        let told = told((0..1_001).rev().map(gap).collect());
        assert!(
            told.len() <= TOLD && told.len() > TOLD / 2,
            "{}",
            told.len()
        );
        assert_eq!(told.iter().map(|gap| gap.entries).sum::<i64>(), 2_002);
        assert_eq!(
            (told[0].from, told.last().map(|gap| gap.to)),
            (id(0), Some(id(2_001)))
        );
        assert!(
            told.windows(2).all(|two| two[0].to < two[1].from),
            "they keep their order"
        );
    }
}
