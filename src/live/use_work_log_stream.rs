//! The hook by which an island follows the feed: rows and growing answers as signals.

use super::{
    Connection,
    answers::{Answers, Grown, grow, take_row},
    clock, feed,
    readers::News,
    use_connection,
};
use crate::domain::{Change, Cursor, MessageStatus, Transcript, ids::UserId, time::Timestamp};
use leptos::prelude::*;
use std::rc::Rc;

/// What the page was rendered with, and where the live feed goes on from it.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamStart {
    /// Whose feed it is.
    pub user_id: UserId,
    /// Everything up to here is in `rows`.
    pub cursor: Cursor,
    /// Messages, entries and conversations.
    pub rows: Vec<Change>,
    /// Server time of the snapshot; [`clock`] is set by it.
    pub now: Timestamp,
    /// Days after which an entry expires that nobody keeps.
    pub cold_days: i64,
}

/// What [`use_work_log_stream`] gives.
#[derive(Debug, Clone, Copy)]
pub struct WorkLogStream {
    /// The page's rows and everything that has changed since, merged by revision.
    pub transcript: ReadSignal<Transcript>,
    /// Answers that are being written: HTML of their finished blocks and the text behind it.
    /// Finished messages are not in here.
    pub answers: ReadSignal<Answers>,
    /// How the page stands to the feed.
    pub connection: Signal<Connection>,
    /// Tries at once instead of waiting.
    pub retry: Callback<()>,
    rows: WriteSignal<Transcript>,
}

impl WorkLogStream {
    /// Takes in rows that the page asked for by itself, merged like all others.
    pub fn add(&self, rows: Vec<Change>) {
        self.rows.update(|transcript| {
            for row in rows {
                transcript.apply(row);
            }
        });
    }
}

/// Follows the feed of the page's owner from the rows that the page was rendered with.
///
/// All islands of a page share one connection, and all tabs of a browser one stream. Signals change
/// once an animation frame, however many rows come in.
///
/// # Usage
/// ```ignore
/// let WorkLogStream { transcript, answers, .. } = use_work_log_stream(start);
/// let items = Memo::new(move |_| transcript.with(|transcript| transcript.items(conversation, Span::default())));
/// let text = move || answers.with(|answers| Some(answers.get(&message)?.rest.clone()));
/// ```
///
/// # Options
/// None: delays and fallbacks are the rules in `machine`. When the cursor cannot be continued the
/// page is reloaded.
///
/// # Server-side behaviour
/// The transcript and the answers hold the page's rows and the connection is
/// [`Connection::Connecting`]. Nothing is opened.
pub fn use_work_log_stream(start: StreamStart) -> WorkLogStream {
    let StreamStart {
        user_id,
        cursor,
        rows,
        now,
        cold_days,
    } = start;
    let (answers, set_answers) = signal(answers_of(&rows));
    let (transcript, set_transcript) = signal(Transcript::following(rows, cold_days));
    Effect::new(move || {
        clock::set_by_server(now);
        let take_in = move |updates: &[News]| take_in(updates, set_transcript, set_answers);
        let id = feed::join(user_id, cursor, Rc::new(take_in));
        on_cleanup(move || feed::leave(id));
    });
    let (connection, retry) = use_connection();
    WorkLogStream {
        transcript,
        answers,
        connection,
        retry,
        rows: set_transcript,
    }
}

fn answers_of(rows: &[Change]) -> Answers {
    let mut answers = Answers::new();
    for row in rows {
        if let Change::Message(message) = row {
            take_row(&mut answers, message);
        }
    }
    answers
}

/// A batch at once, so that each signal tells its listeners once, and only of a change.
fn take_in(
    batch: &[News],
    set_transcript: WriteSignal<Transcript>,
    set_answers: WriteSignal<Answers>,
) {
    let mut missed = false;
    set_answers.maybe_update(|answers| {
        let (mut rows_changed, mut answers_changed) = (false, false);
        set_transcript.maybe_update(|transcript| {
            for news in batch {
                if let News::Row(row) = news {
                    rows_changed |= transcript.apply((**row).clone());
                }
                let grown = take_text_of(news, answers, transcript);
                answers_changed |= grown == Grown::Yes;
                missed |= grown == Grown::Missed;
            }
            rows_changed
        });
        answers_changed
    });
    if missed {
        feed::missed_text();
    }
}

fn take_text_of(news: &News, answers: &mut Answers, transcript: &Transcript) -> Grown {
    let changed = match news {
        News::Row(row) => match &**row {
            Change::Message(message) => transcript
                .message(message.id)
                .is_some_and(|newest| take_row(answers, &newest)),
            Change::Removed(_) => forget_removed(answers, transcript),
            Change::Entry(_) | Change::Conversation(_) => false,
        },
        News::Growth { message_id, growth } => {
            let finished = transcript
                .message(*message_id)
                .is_some_and(|message| message.status != MessageStatus::Streaming);
            if !finished {
                return grow(answers, *message_id, growth);
            }
            false
        }
    };
    if changed { Grown::Yes } else { Grown::No }
}

fn forget_removed(answers: &mut Answers, transcript: &Transcript) -> bool {
    let held = answers.len();
    answers.retain(|id, _| transcript.message(*id).is_some());
    answers.len() != held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Epoch, Removed, RemovedKind};
    use uuid::Uuid;

    #[test]
    fn the_server_renders_the_pages_rows_and_opens_nothing() {
        let id = Uuid::from_u128(1);
        let rows = vec![Change::Removed(Removed {
            kind: RemovedKind::Entry,
            id,
            rev: 5,
        })];
        let (cursor, now) = (
            Cursor {
                epoch: Epoch::from_bits(7),
                rev: 5,
            },
            Timestamp::from_millis(1_795_512_600_000),
        );
        Owner::new().with(|| {
            let stream = use_work_log_stream(StreamStart {
                user_id: UserId::from_uuid(id),
                cursor,
                rows,
                now,
                cold_days: 90,
            });
            assert!(
                stream
                    .transcript
                    .with_untracked(|transcript| transcript.is_removed(RemovedKind::Entry, id))
            );
            assert_eq!(stream.connection.get_untracked(), Connection::Connecting);
        });
    }
}
