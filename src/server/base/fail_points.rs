//! Named points in the steps of retention at which tests inject an action: abort the process, place
//! a hold, let another run take over. Outside tests they do nothing.

macro_rules! fail_points {
    ($($point:ident,)+) => {
        /// Points that end in `Written` are inside a transaction, right before its COMMIT.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(test, derive(serde::Serialize, serde::Deserialize))]
        pub enum FailPoint {
            $($point,)+
        }

        #[cfg(test)]
        impl FailPoint {
            pub const ALL: &[Self] = &[$(Self::$point,)+];
        }
    };
}

fail_points! {
    // a run: the lease, the pause after a batch, its end
    LeaseTaken, Paused, RunWritten,
    // rows become warm
    PackPlanned, PackWritten, Packed,
    // rows move into the archive, or entries of an object into a new one
    MovePlanned, Encoded, Reserved, Put, ReadBack, MoveWritten, Moved,
    ExpirePlanned, ExpireWritten, Expired,
    // an object is marked for deletion, deleted, and its row deleted
    MarkWritten, Marked, ObjectDeleted, DeletionWritten, DeletionRecorded,
    // a rewritten object replaces the old one
    SwapWritten, Swapped,
    RetierWritten, Retiered,
    // an entry leaves its object: it becomes a row again, or is erased
    TakeOutWritten, TakenOut,
    AccountWritten, AccountErased,
    PurgePlanned,
    // the archive's erasure log
    LogPut, LogReadBack, LogWritten,
    // after a restore: missing objects, objects unknown to the backup, erasures
    MissingWritten, MissingMarked, AdoptWritten, Adopted, ErasedAgain,
    // the sweep: abandoned names, orphans
    AbandonedMarked, OrphanWritten, OrphanMarked, SweepWritten,
    HoursWritten,
}

#[cfg(not(test))]
pub(crate) async fn reach(_: FailPoint) {}

#[cfg(test)]
pub use hook::{Hook, reach, with_hook};

#[cfg(test)]
mod hook {
    use super::FailPoint;
    use futures::future::BoxFuture;
    use std::sync::Arc;

    /// Called at a point, before the step continues.
    pub type Hook = Arc<dyn Fn(FailPoint) -> BoxFuture<'static, ()> + Send + Sync>;

    tokio::task_local! {
        // per task, so that tests do not affect each other
        static LISTENER: Hook;
    }

    /// Runs `work` and calls `listener` at each point that it reaches.
    pub async fn with_hook<T>(listener: Hook, work: impl Future<Output = T>) -> T {
        LISTENER.scope(listener, work).await
    }

    pub async fn reach(point: FailPoint) {
        if let Ok(listener) = LISTENER.try_with(Clone::clone) {
            listener(point).await;
        }
    }

    impl FailPoint {
        /// Whether the point is inside a write transaction.
        pub fn is_in_transaction(self) -> bool {
            format!("{self:?}").ends_with("Written")
        }
    }
}
