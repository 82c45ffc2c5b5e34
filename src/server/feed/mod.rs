//! From COMMIT to SSE frames: a commit wakes the user's streams, and each reads what changed from
//! the database. Streams of one user share the rows they read, so a thousand streams cost one
//! query.
//!
//! `cache`: the latest rows, by user. `live_answers`: text of answers that is not in the database
//! yet. `frame`: encoding. `stream`: the loop of one stream. `cluster`: wake-ups between processes.
//! `limiter`: open streams per user. `position`: checks a cursor.

pub mod cache;
pub mod cluster;
mod frame;
pub mod limiter;
pub mod live_answers;
mod position;
mod stream;

pub use cache::RowCaches;
pub use frame::{EncodedRow, final_event};
pub use limiter::{StreamLimiter, StreamPermit};
pub use live_answers::{AnswerDelta, DeltaOutcome, LiveAnswer, LiveAnswers};
pub use position::{Position, check_cursor};
pub use stream::{AUTH_RETRY_MS, Access, Stream, StreamContext, StreamRequest, Timing};

/// The feed's state in this process: caches of the database, and text of answers in progress.
#[derive(Default)]
pub struct Feed {
    /// The latest rows, by user.
    pub row_caches: RowCaches,
    /// Answers in progress.
    pub answers: LiveAnswers,
}
