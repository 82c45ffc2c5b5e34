//! The cases: which operation runs on which initial state, and at which fail points it crashes.

use crate::server::base::fail_points::FailPoint::{self, *};
use serde::{Deserialize, Serialize};

/// The state before the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Rows only.
    Rows,
    /// Objects, all in the cold tier.
    Archived,
    /// Objects, one with a tombstone: an entry of it changed and is now in another object.
    Tombstoned,
    /// Objects, put on hold after they were written.
    Held,
    /// Rows, an unlisted object, and a reserved key without an object.
    Orphaned,
    /// A backup's manifest. It names an object that was rewritten since, because an entry in it
    /// was erased.
    Restored,
}

/// The operation that crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Operation {
    /// A retention run, this many days after the entries were created.
    Run(i64),
    /// Changes an entry.
    Change,
    /// Erases an entry.
    EraseEntry,
    /// Erases a conversation.
    EraseConversation,
    /// Erases the account.
    EraseAccount,
    /// Reconciles a restored backup.
    Restore,
}

/// An operation on a state, with the fail points it reaches.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) stage: Stage,
    pub(super) operation: Operation,
    pub(super) points: &'static [FailPoint],
}

/// Every case.
pub(super) const CASES: &[Case] = &[
    Case {
        stage: Stage::Rows,
        operation: Operation::Run(8),
        points: &[
            LeaseTaken,
            PackPlanned,
            PackWritten,
            Packed,
            Paused,
            HoursWritten,
            RunWritten,
        ],
    },
    Case {
        stage: Stage::Rows,
        operation: Operation::Run(31),
        points: &[
            MovePlanned,
            Encoded,
            Reserved,
            Put,
            ReadBack,
            MoveWritten,
            Moved,
        ],
    },
    Case {
        stage: Stage::Rows,
        operation: Operation::Run(91),
        points: &[ExpirePlanned, ExpireWritten, Expired],
    },
    Case {
        stage: Stage::Archived,
        operation: Operation::Run(91),
        points: &[
            MarkWritten,
            Marked,
            ObjectDeleted,
            DeletionWritten,
            DeletionRecorded,
        ],
    },
    Case {
        stage: Stage::Tombstoned,
        operation: Operation::Run(32),
        points: &[
            MovePlanned,
            Encoded,
            Reserved,
            Put,
            ReadBack,
            SwapWritten,
            Swapped,
            ObjectDeleted,
            DeletionRecorded,
        ],
    },
    Case {
        stage: Stage::Held,
        operation: Operation::Run(32),
        points: &[RetierWritten, Retiered],
    },
    Case {
        stage: Stage::Archived,
        operation: Operation::Change,
        points: &[TakeOutWritten, TakenOut],
    },
    Case {
        stage: Stage::Archived,
        operation: Operation::EraseEntry,
        points: &[
            TakeOutWritten,
            TakenOut,
            PurgePlanned,
            Reserved,
            SwapWritten,
            Swapped,
            ObjectDeleted,
            LogPut,
            LogReadBack,
            LogWritten,
        ],
    },
    Case {
        stage: Stage::Archived,
        operation: Operation::EraseConversation,
        points: &[PurgePlanned, ObjectDeleted, DeletionWritten, LogPut],
    },
    Case {
        stage: Stage::Archived,
        operation: Operation::EraseAccount,
        points: &[
            AccountWritten,
            AccountErased,
            ObjectDeleted,
            DeletionRecorded,
            LogPut,
        ],
    },
    Case {
        stage: Stage::Restored,
        operation: Operation::Restore,
        points: &[
            MissingWritten,
            MissingMarked,
            AdoptWritten,
            Adopted,
            ErasedAgain,
        ],
    },
    Case {
        stage: Stage::Orphaned,
        operation: Operation::Run(3),
        points: &[
            AbandonedMarked,
            OrphanWritten,
            OrphanMarked,
            ObjectDeleted,
            SweepWritten,
        ],
    },
];
