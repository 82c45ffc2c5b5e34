//! Partial reads: unreachable and unreadable objects are reported as gaps. Reads that need
//! everything (an export, an erasure, a single entry) use the archive directly and fail.

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

/// Total time a partial read waits for the archive.
const READ_TIMEOUT: Duration = Duration::from_secs(4);
/// Time after which a search returns what it found so far; the next page continues it. Zero in
/// tests.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(if cfg!(test) { 0 } else { 2 });

/// Maximum number of reported gaps.
const MAX_GAPS: usize = 100;

/// Collects the gaps of one read.
#[derive(Debug, Clone)]
pub struct GapCollector {
    state: Arc<Mutex<GapState>>,
    started: Instant,
}

#[derive(Debug, Default)]
struct GapState {
    gaps: Vec<Gap>,
    /// The archive is unreachable or the time is up; it is not used again in this read.
    is_unreachable: bool,
    /// On the last attempt a missing object is a gap; before, it means that the snapshot is
    /// outdated.
    is_last_attempt: bool,
    /// The highest id that a search did not reach.
    unsearched: Option<EntryId>,
}

impl GapCollector {
    /// A collector without gaps.
    pub(super) fn new(is_last_attempt: bool) -> Self {
        Self {
            state: Arc::new(Mutex::new(GapState {
                is_last_attempt,
                ..GapState::default()
            })),
            started: Instant::now(),
        }
    }

    /// The gaps, oldest first.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        merge_gaps(self.lock().gaps.clone())
    }

    fn lock(&self) -> MutexGuard<'_, GapState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, object: &ArchivedObjectRow, reason: GapReason) {
        let mut state = self.lock();
        state.is_unreachable |= reason == GapReason::Unreachable;
        state.gaps.push(Gap {
            from: object.first_id,
            to: object.last_id,
            entries: object.entries,
            reason,
        });
    }
}

impl Archive {
    /// The entries of an object; `None` if they cannot be read and a gap was recorded.
    pub(super) async fn entries_or_gap(
        &self,
        object: &ArchivedObjectRow,
    ) -> Result<Option<Arc<Vec<StoredEntry>>>, ArchiveError> {
        let Some(gaps) = self.gaps() else {
            return self.entries(&object.key, &object.sha256).await.map(Some);
        };
        let remaining = READ_TIMEOUT.saturating_sub(gaps.started.elapsed());
        if remaining.is_zero() {
            gaps.lock().is_unreachable = true;
        }
        if gaps.lock().is_unreachable {
            let cached = self.cached(&object.key);
            if cached.is_none() {
                gaps.add(object, GapReason::Unreachable);
            }
            return Ok(cached);
        }
        match self
            .with_timeout(remaining)
            .entries(&object.key, &object.sha256)
            .await
        {
            Ok(entries) => Ok(Some(entries)),
            Err(why @ ArchiveError::Missing(_)) if !gaps.lock().is_last_attempt => Err(why),
            Err(why) => {
                tracing::warn!(
                    target: log_targets::ARCHIVE_PARTIAL,
                    key = object.key, error = %why,
                    "cannot read an archived object; reporting a gap"
                );
                let unreachable = matches!(why, ArchiveError::Unreachable(_));
                gaps.add(
                    object,
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

    /// Whether a search has used up its time.
    pub(super) fn is_search_time_up(&self) -> bool {
        self.gaps().is_some_and(|gaps| {
            gaps.started.elapsed() >= SEARCH_TIMEOUT && !gaps.lock().is_unreachable
        })
    }

    /// Records that a search ends before this id.
    pub(super) fn mark_unsearched(&self, id: EntryId) {
        if let Some(gaps) = self.gaps() {
            gaps.lock().unsearched = Some(id);
        }
    }

    /// The id before which an unfinished search continues.
    pub fn continues_before(&self) -> Option<EntryId> {
        self.gaps()?.lock().unsearched.map(EntryId::just_above)
    }

    /// Whether this read stopped using the archive.
    pub(super) fn has_given_up(&self) -> bool {
        self.gaps().is_some_and(|gaps| gaps.lock().is_unreachable)
    }
}

/// Sorts gaps, oldest first, and joins neighbours if there are too many.
fn merge_gaps(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort_by_key(|gap| (gap.from, gap.to));
    gaps.dedup();
    let per_chunk = gaps.len().div_ceil(MAX_GAPS).max(1);
    gaps.chunks(per_chunk)
        .filter_map(|gaps| gaps.iter().copied().reduce(Gap::joined))
        .collect()
}

/// The gaps on a page whose rows range from `from` to before `to`.
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
    fn neighbours_are_joined_when_there_are_many_gaps() {
        let id = |n| EntryId::from_uuid(Uuid::from_u128(n));
        let gap = |n: u128| Gap {
            from: id(2 * n),
            to: id(2 * n + 1),
            entries: 2,
            reason: GapReason::Unreachable,
        };
        let merged = merge_gaps((0..1_001).rev().map(gap).collect());
        assert!(
            merged.len() <= MAX_GAPS && merged.len() > MAX_GAPS / 2,
            "{}",
            merged.len()
        );
        assert_eq!(merged.iter().map(|gap| gap.entries).sum::<i64>(), 2_002);
        assert_eq!(
            (merged[0].from, merged.last().map(|gap| gap.to)),
            (id(0), Some(id(2_001)))
        );
        assert!(
            merged.windows(2).all(|two| two[0].to < two[1].from),
            "they keep their order"
        );
    }
}
