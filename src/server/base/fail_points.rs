//! Named points in the steps of retention at which tests act: abort the process, place a hold,
//! let another run take over. Outside tests, reaching a point does nothing.

macro_rules! fail_points {
    ($($point:ident,)+) => {
        /// Those that end in `Written` lie inside a transaction, right before its COMMIT.
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
    // a run: the lease, a rest after a piece of work, its end
    LeaseTaken, Rested, RunWritten,
    // rows become warm
    PackPlanned, PackWritten, Packed,
    // rows move into the archive, or entries of an object into a new one
    MovePlanned, Encoded, Reserved, Put, ReadBack, MoveWritten, Moved,
    ExpirePlanned, ExpireWritten, Expired,
    // an object is marked as to be deleted, deleted, and its row deleted
    DoomWritten, Doomed, ObjectDeleted, ForgetWritten, Forgotten,
    // a rewritten object takes the place of the old one
    SwapWritten, Swapped,
    RetierWritten, Retiered,
    // an entry leaves its object: it is a row again, or erased
    TakeOutWritten, TakenOut,
    AccountWritten, AccountErased,
    PurgePlanned,
    // the archive's list of erasures
    ListPut, ListReadBack, ListWritten,
    // after a restore: objects that are missing, objects that the backup does not name, erasures
    MissingWritten, MissingDoomed, AdoptWritten, Adopted, ErasedAgain,
    // the sweep: names that came to nothing, orphans
    AbandonedDoomed, OrphanWritten, OrphanDoomed, SweepWritten,
    HoursWritten,
}

#[cfg(not(test))]
pub(crate) async fn reach(_: FailPoint) {}

#[cfg(test)]
pub use hook::{Hook, heard_by, reach};

#[cfg(test)]
mod hook {
    use super::FailPoint;
    use futures::future::BoxFuture;
    use std::sync::Arc;

    /// What is done at a point before the step goes on.
    pub type Hook = Arc<dyn Fn(FailPoint) -> BoxFuture<'static, ()> + Send + Sync>;

    tokio::task_local! {
        // of one task, so that tests do not disturb each other
        static LISTENER: Hook;
    }

    /// Runs `work` and calls `listener` at each point that it reaches.
    pub async fn heard_by<T>(listener: Hook, work: impl Future<Output = T>) -> T {
        LISTENER.scope(listener, work).await
    }

    pub async fn reach(point: FailPoint) {
        if let Ok(listener) = LISTENER.try_with(Clone::clone) {
            listener(point).await;
        }
    }

    impl FailPoint {
        /// Whether it lies inside a transaction, so that nobody else can write there.
        pub fn is_in_transaction(self) -> bool {
            format!("{self:?}").ends_with("Written")
        }
    }
}
