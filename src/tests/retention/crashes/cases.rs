//! What is done in which state, and at which places of it the process dies.

use crate::server::base::fail_points::FailPoint::{self, *};
use serde::{Deserialize, Serialize};

/// What is there when the process begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Rows.
    Rows,
    /// Objects, all in the cold tier.
    Archived,
    /// Objects, in one of which an entry does not count any more: it changed and lies in another.
    Holed,
    /// Objects, which somebody has put on hold since.
    Held,
    /// Rows, and an object and a name that nobody wants.
    Orphaned,
    /// The manifest of a backup: it names an object that was rewritten since because an entry in it
    /// was erased.
    Restored,
}

/// What the process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Act {
    /// A run, so many days after the entries were made.
    Run(i64),
    /// Changes an entry.
    Change,
    /// Erases an entry.
    EraseEntry,
    /// Erases a conversation.
    EraseConversation,
    /// Erases the account.
    EraseAccount,
    /// Makes a restored backup ready.
    Restore,
}

/// One of them in the other.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) stage: Stage,
    pub(super) act: Act,
    pub(super) points: &'static [FailPoint],
}

/// Every case.
pub(super) const CASES: &[Case] = &[
    Case {
        stage: Stage::Rows,
        act: Act::Run(8),
        points: &[
            LeaseTaken,
            PackPlanned,
            PackWritten,
            Packed,
            Rested,
            HoursWritten,
            RunWritten,
        ],
    },
    Case {
        stage: Stage::Rows,
        act: Act::Run(31),
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
        act: Act::Run(91),
        points: &[ExpirePlanned, ExpireWritten, Expired],
    },
    Case {
        stage: Stage::Archived,
        act: Act::Run(91),
        points: &[DoomWritten, Doomed, ObjectDeleted, ForgetWritten, Forgotten],
    },
    Case {
        stage: Stage::Holed,
        act: Act::Run(32),
        points: &[
            MovePlanned,
            Encoded,
            Reserved,
            Put,
            ReadBack,
            SwapWritten,
            Swapped,
            ObjectDeleted,
            Forgotten,
        ],
    },
    Case {
        stage: Stage::Held,
        act: Act::Run(32),
        points: &[RetierWritten, Retiered],
    },
    Case {
        stage: Stage::Archived,
        act: Act::Change,
        points: &[TakeOutWritten, TakenOut],
    },
    Case {
        stage: Stage::Archived,
        act: Act::EraseEntry,
        points: &[
            TakeOutWritten,
            TakenOut,
            PurgePlanned,
            Reserved,
            SwapWritten,
            Swapped,
            ObjectDeleted,
            ListPut,
            ListReadBack,
            ListWritten,
        ],
    },
    Case {
        stage: Stage::Archived,
        act: Act::EraseConversation,
        points: &[PurgePlanned, ObjectDeleted, ForgetWritten, ListPut],
    },
    Case {
        stage: Stage::Archived,
        act: Act::EraseAccount,
        points: &[
            AccountWritten,
            AccountErased,
            ObjectDeleted,
            Forgotten,
            ListPut,
        ],
    },
    Case {
        stage: Stage::Restored,
        act: Act::Restore,
        points: &[
            MissingWritten,
            MissingDoomed,
            AdoptWritten,
            Adopted,
            ErasedAgain,
        ],
    },
    Case {
        stage: Stage::Orphaned,
        act: Act::Run(3),
        points: &[
            AbandonedDoomed,
            OrphanWritten,
            OrphanDoomed,
            ObjectDeleted,
            SweepWritten,
        ],
    },
];
