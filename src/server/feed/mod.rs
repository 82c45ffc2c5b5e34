//! From COMMIT to SSE frames: a commit wakes the user's streams, and each reads what changed from
//! the database. Streams of one user share the rows they read, so a thousand streams cost one
//! query.
//!
//! `cache`: the latest rows, by user. `live_answers`: text of answers in progress. `part_writer`:
//! writes it to the database while it grows. `growing`: the same for one request. `frame`:
//! encoding. `stream`: the loop of one stream. `cluster`: wake-ups between processes. `limiter`:
//! open streams per user. `position`: checks a cursor.

pub mod cache;
pub mod cluster;
mod frame;
mod growing;
pub mod limiter;
pub mod live_answers;
pub mod part_writer;
mod position;
mod stream;

pub use cache::RowCaches;
pub use frame::{EncodedRow, final_event, growth_events};
pub use growing::growing;
pub use limiter::{StreamLimiter, StreamPermit};
pub use live_answers::{AnswerBlock, LiveAnswers, SentText, UnsentText};
pub use part_writer::PartWriter;
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
