//! Named places in the steps of each move, where tests let something happen: the process aborts, a hold is placed, another run
//! takes over. Whoever listens is known to one task alone, so tests do not disturb each other; on a server nobody listens, and
//! passing a place costs a look at an empty slot.

use futures::future::BoxFuture;
use std::sync::Arc;

/// What happens at a place before the step goes on.
pub type Listener = Arc<dyn Fn(FailPoint) -> BoxFuture<'static, ()> + Send + Sync>;

tokio::task_local! {
    static LISTENER: Listener;
}

/// Does some work while `listener` hears of each place that it passes.
pub async fn heard_by<T>(listener: Listener, work: impl Future<Output = T>) -> T {
    LISTENER.scope(listener, work).await
}

/// Comes to a place.
pub(super) async fn reach(point: FailPoint) {
    if let Ok(listener) = LISTENER.try_with(Clone::clone) {
        listener(point).await;
    }
}

macro_rules! fail_points {
    ($($(#[doc = $doc:literal])+ $point:ident,)+) => {
        /// A place in a step. Those that end in `Written` lie inside a transaction, right before its COMMIT.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum FailPoint {
            $($(#[doc = $doc])+ $point,)+
        }

        impl FailPoint {
            /// Every place.
            pub const ALL: &[Self] = &[$(Self::$point,)+];
        }
    };
}

fail_points! {
    /// A run has the lease and did nothing yet.
    LeaseTaken,
    /// A run did a piece of its work, and goes on.
    Rested,
    /// A run is noted and the lease given back.
    RunWritten,
    /// Rows are read that are to be packed.
    PackPlanned,
    /// Rows are packed.
    PackWritten,
    /// Rows are packed for good.
    Packed,
    /// Rows are read that are to move into the archive, or stay there in a new object.
    MovePlanned,
    /// An object is encoded, its name not yet reserved.
    Encoded,
    /// An object's name is reserved, the object not yet put.
    Reserved,
    /// An object is put and not yet read.
    Put,
    /// An object was read back and is right; its rows are still there.
    ReadBack,
    /// Some rows are deleted, and their entries count in the object, which is listed with the first of them.
    MoveWritten,
    /// Rows lie in the archive for good; others of the same object may still be rows.
    Moved,
    /// Rows that expired are read.
    ExpirePlanned,
    /// Rows that expired are deleted.
    ExpireWritten,
    /// Rows that expired are gone for good.
    Expired,
    /// An object of which everything expired is doomed.
    DoomWritten,
    /// An object is doomed for good and still there.
    Doomed,
    /// A doomed object is deleted, its row still there.
    ObjectDeleted,
    /// A doomed object's row is deleted.
    ForgetWritten,
    /// Nothing is left of a doomed object.
    Forgotten,
    /// A rewritten object is listed in place of the old one.
    SwapWritten,
    /// A rewritten object is there for good, and the old one still beside it.
    Swapped,
    /// An object's entries count to another tier.
    RetierWritten,
    /// An object's entries count to another tier for good.
    Retiered,
    /// An entry is taken out of its object and is a row again, or erased.
    TakeOutWritten,
    /// An entry is taken out of its object for good; the object still holds it.
    TakenOut,
    /// An account is erased.
    AccountWritten,
    /// An account is erased for good, its objects still there.
    AccountErased,
    /// What was erased is to leave the archive.
    PurgePlanned,
    /// New erasures are in the archive's list, not yet read.
    ListPut,
    /// New erasures were read back from the archive's list.
    ListReadBack,
    /// New erasures are noted as listed.
    ListWritten,
    /// An object that a restored backup names and that is not there is doomed.
    MissingWritten,
    /// An object that is not there is doomed for good.
    MissingDoomed,
    /// An object that a restored backup does not name is listed.
    AdoptWritten,
    /// An object that a restored backup did not name is listed for good.
    Adopted,
    /// What was erased since a backup is erased again, its objects still there.
    ErasedAgain,
    /// Names that came to nothing are doomed.
    AbandonedDoomed,
    /// An orphan is noted.
    OrphanWritten,
    /// An orphan is noted for good and still there.
    OrphanDoomed,
    /// The sweep is over and not yet noted.
    SweepWritten,
    /// Totals by hour that are too old are taken out.
    HoursWritten,
}

impl FailPoint {
    /// Whether it lies inside a transaction, so that nobody else can write there.
    pub fn is_in_transaction(self) -> bool {
        format!("{self:?}").ends_with("Written")
    }
}
