//! Checks whether a client's cursor can be continued.

use crate::{
    domain::{Cursor, ResetReason, ids::UserId},
    server::store::{Reader, Result, Store, heads},
};

/// Where a stream continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// After this cursor.
    At(Cursor),
    /// The cursor cannot be continued; the client must reload its rows.
    Reset(ResetReason),
}

/// Checks a cursor against the user's feed. Without a cursor the stream starts at the end.
pub async fn check_cursor(
    store: &Store,
    reader: &mut Reader,
    user: UserId,
    cursor: Option<Cursor>,
) -> Result<Position> {
    let head = heads::find(reader, user).await?;
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
