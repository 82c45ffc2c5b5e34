//! Commit → wake → frames. A reader is told that there may be something new and reads it from the
//! database; what it reads is shared with the other readers of the same person, so a thousand of
//! them cost one query.
//!
//! `tail`: the rows read last, by person. `answers`: text being written, which is not in the
//! database yet. `frame`: the bytes of the stream. `stream`: one reader's loop.

pub mod cache;
pub mod cluster;
mod frame;
pub mod limiter;
pub mod live_answers;
mod position;
mod stream;

pub use cache::RowCaches;
pub use frame::{EncodedRow, lone_event};
pub use limiter::{StreamLimiter, StreamPermit};
pub use live_answers::{AnswerDelta, DeltaOutcome, LiveAnswer, LiveAnswers};
pub use position::{Position, check_cursor};
pub use stream::{AUTH_RETRY_MS, Access, Stream, StreamContext, StreamRequest, Timing};

/// The feed's state in this process: nothing that the database does not have, save tokens in
/// flight.
#[derive(Default)]
pub struct Feed {
    /// The rows read last, by person.
    pub row_caches: RowCaches,
    /// Answers being written.
    pub answers: LiveAnswers,
}
