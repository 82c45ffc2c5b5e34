//! Whether a reader's cursor can be continued.

use crate::{
    domain::{Cursor, ResetReason, ids::UserId},
    server::store::{Reader, Result, Store, heads},
};

/// Where a reader goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// From this cursor.
    At(Cursor),
    /// Not at all: it must load its rows anew.
    Reset(ResetReason),
}

/// Checks a cursor against the owner's feed. Without one a reader begins at the end.
pub async fn check_cursor(
    store: &Store,
    reader: &mut Reader,
    user: UserId,
    cursor: Option<Cursor>,
) -> Result<Position> {
    let head = heads::of(reader, user).await?;
    let Some(cursor) = cursor else {
        return Ok(Position::At(Cursor {
            epoch: store.epoch(),
            rev: head.head,
        }));
    };
    let position = match cursor {
        Cursor { epoch, .. } if epoch != store.epoch() => {
            Position::Reset(ResetReason::ForeignEpoch)
        }
        Cursor { rev, .. } if rev > head.head => Position::Reset(ResetReason::Future),
        Cursor { rev, .. } if rev < head.floor => Position::Reset(ResetReason::TooOld),
        cursor => Position::At(cursor),
    };
    Ok(position)
}
