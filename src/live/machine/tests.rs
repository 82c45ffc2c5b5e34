//! The rules one by one, told as small tables: at which moment, what happens, what is to be done.

mod tabs;

use super::{Command, Input, Machine, Moment, Role};
use crate::{
    domain::{
        AnswerGrowth, Change, Cursor, Epoch, Frame, Removed, RemovedKind, ResetReason,
        ids::MessageId,
    },
    live::{
        connection::Connection,
        wire::{Page, PollFailure},
    },
};
use Command::{Apply, Close, Open, Poll, ReloadPage, StepDown};
use uuid::Uuid;

fn at(rev: i64) -> Cursor {
    Cursor {
        epoch: Epoch::from_bits(7),
        rev,
    }
}

fn row(rev: i64) -> Box<Change> {
    Box::new(Change::Removed(Removed {
        kind: RemovedKind::Entry,
        id: Uuid::from_u128(1),
        rev,
    }))
}

fn frame(prev: i64, rev: i64) -> Frame {
    Frame::Change {
        prev: at(prev),
        cursor: at(rev),
        change: row(rev),
    }
}

fn page(rev: i64, more: bool) -> Page {
    Page {
        changes: vec![*row(rev)],
        growing: Vec::new(),
        cursor: at(rev),
        more,
    }
}

fn heartbeat(rev: i64) -> Frame {
    Frame::Heartbeat { cursor: at(rev) }
}

/// A machine at revision 5 and what it has been told so far; half of every span is waited.
struct Told(Machine);

impl Told {
    fn start(role: Role) -> (Self, Vec<Command>) {
        let (machine, commands) =
            Machine::start(at(5), role, true, true, Moment { ms: 0, random: 0.5 });
        (Self(machine), commands)
    }

    fn new(role: Role) -> Self {
        Self::start(role).0
    }

    fn tell(&mut self, ms: i64, input: Input) -> Vec<Command> {
        self.0.step(input, Moment { ms, random: 0.5 })
    }

    fn polling() -> Self {
        let mut told = Self::new(Role::Alone);
        for ms in [0, 250] {
            told.tell(ms, Input::Failed);
            told.tell(ms + 500, Input::Tick);
        }
        assert_eq!(
            told.tell(1_000, Input::Failed),
            [Close, Poll { after: at(5) }]
        );
        told
    }
}

#[test]
fn rows_are_given_on_in_turn_and_move_the_cursor() {
    let (mut told, first) = Told::start(Role::Alone);
    assert_eq!(
        (first, told.0.connection()),
        (vec![Open { after: at(5) }], Connection::Connecting)
    );
    told.tell(10, Input::Opened);
    assert_eq!(told.0.connection(), Connection::Live);
    assert_eq!(told.tell(20, Input::Heard(frame(5, 8))), [Apply(row(8))]);
    assert_eq!(
        told.tell(21, Input::Heard(frame(5, 8))),
        [Apply(row(8))],
        "an overlap is harmless"
    );
    assert_eq!(told.tell(30, Input::Heard(heartbeat(9))), []);
    assert_eq!(told.0.cursor, at(9));
}

#[test]
fn a_gap_opens_the_stream_again_from_the_own_cursor() {
    let mut told = Told::new(Role::Alone);
    told.tell(10, Input::Heard(frame(5, 6)));
    assert_eq!(
        told.tell(20, Input::Heard(frame(7, 8))),
        [Close, Open { after: at(6) }]
    );
    assert_eq!(
        told.tell(30, Input::Heard(frame(7, 8))),
        [Close],
        "a stream that begins with a gap has failed"
    );
    assert_eq!(
        told.0.connection(),
        Connection::Retrying {
            attempt: 1,
            at_ms: 280
        }
    );
}

#[test]
fn text_of_an_answer_never_moves_the_cursor() {
    let mut told = Told::new(Role::Alone);
    let message_id = MessageId::from_uuid(Uuid::from_u128(3));
    let growth = AnswerGrowth::Text {
        offset: 0,
        text: "Hi".to_owned(),
    };
    let delta = Frame::Growth {
        message_id,
        growth: growth.clone(),
    };
    assert_eq!(
        told.tell(10, Input::Heard(delta)),
        [Command::Grow { message_id, growth }]
    );
    assert_eq!(told.0.cursor, at(5));
}

#[test]
fn a_reset_reloads_the_page_once_and_lets_the_lock_go() {
    let reset = || {
        Input::Heard(Frame::Reset {
            reason: ResetReason::TooOld,
        })
    };
    let mut told = Told::new(Role::Alone);
    assert_eq!(told.tell(10, reset()), [Close, StepDown, ReloadPage]);
    for input in [
        reset(),
        Input::RetryNow,
        Input::Tick,
        Input::WentOffline,
        Input::WentOnline,
        Input::Shown,
    ] {
        assert_eq!(told.tell(60_000, input), []);
    }
    let mut told = Told::polling();
    assert_eq!(
        told.tell(
            20,
            Input::Answered {
                after: at(5),
                answer: Err(PollFailure::Reset)
            }
        ),
        [StepDown, ReloadPage]
    );
    let foreign = Cursor {
        epoch: Epoch::from_bits(8),
        rev: 5,
    };
    assert_eq!(
        Told::new(Role::Alone).tell(10, Input::Joined(foreign)),
        [Close, StepDown, ReloadPage]
    );
}

#[test]
fn who_is_signed_out_is_not_asked_again() {
    let mut told = Told::new(Role::Leader);
    assert_eq!(told.tell(10, Input::Heard(Frame::Auth)), [Close, StepDown]);
    assert_eq!(told.0.connection(), Connection::SignedOut);
    assert_eq!(
        (told.tell(90_000, Input::RetryNow), told.0.wake_at()),
        (vec![], None)
    );
}

#[test]
fn a_busy_server_is_polled_and_streamed_from_half_a_minute_later() {
    let mut told = Told::new(Role::Alone);
    assert_eq!(
        told.tell(0, Input::Heard(Frame::Busy)),
        [Close, Poll { after: at(5) }]
    );
    told.tell(
        100,
        Input::Answered {
            after: at(5),
            answer: Ok(page(6, false)),
        },
    );
    assert_eq!(told.0.connection(), Connection::Polling);
    assert_eq!(told.tell(29_999, Input::Tick), [Poll { after: at(6) }]);
    assert_eq!(told.tell(30_000, Input::Tick), [Open { after: at(6) }]);
}

#[test]
fn forty_seconds_of_silence_are_a_failure() {
    let mut told = Told::new(Role::Alone);
    told.tell(10_000, Input::Heard(heartbeat(5)));
    assert_eq!(told.0.wake_at(), Some(50_000));
    assert_eq!(told.tell(49_999, Input::Tick), []);
    assert_eq!(told.tell(50_000, Input::Tick), [Close]);
    assert_eq!(
        told.0.connection(),
        Connection::Retrying {
            attempt: 1,
            at_ms: 50_250
        }
    );
    assert_eq!(told.tell(50_001, Input::RetryNow), [Open { after: at(5) }]);
}

#[test]
fn the_first_frame_forgets_earlier_failures() {
    let mut told = Told::new(Role::Alone);
    for round in 0..9 {
        told.tell(round * 1_000, Input::Failed);
        assert_eq!(
            told.0.connection(),
            Connection::Retrying {
                attempt: 1,
                at_ms: round * 1_000 + 250
            }
        );
        told.tell(round * 1_000 + 250, Input::Tick);
        told.tell(round * 1_000 + 300, Input::Heard(heartbeat(5)));
    }
}

#[test]
fn after_three_failures_it_polls_and_still_tries_the_stream() {
    let mut told = Told::polling();
    let answer = |after, rev, more| Input::Answered {
        after: at(after),
        answer: Ok(page(rev, more)),
    };
    assert_eq!(told.0.connection(), Connection::Connecting);
    assert_eq!(
        told.tell(1_100, answer(5, 6, true)),
        [Apply(row(6)), Poll { after: at(6) }],
        "at once while there is more"
    );
    assert_eq!(told.tell(1_200, answer(6, 7, false)), [Apply(row(7))]);
    assert_eq!(
        (told.0.connection(), told.0.wake_at()),
        (Connection::Polling, Some(6_200))
    );
    assert_eq!(told.tell(6_200, Input::Tick), [Poll { after: at(7) }]);
    assert_eq!(told.tell(31_000, Input::Tick), [Open { after: at(7) }]);
    assert_eq!(
        told.tell(31_100, Input::Heard(frame(7, 8))),
        [Apply(row(8))]
    );
    assert_eq!(told.0.connection(), Connection::Live);
}

#[test]
fn a_server_that_does_not_even_answer_polls_is_tried_ever_more_seldom() {
    let mut told = Told::polling();
    let mut ms = 1_000;
    for (attempt, delay) in [(4, 2_000), (5, 4_000), (6, 8_000), (7, 15_000), (8, 15_000)] {
        assert_eq!(
            told.tell(
                ms,
                Input::Answered {
                    after: at(5),
                    answer: Err(PollFailure::Failed)
                }
            ),
            []
        );
        assert_eq!(
            told.0.connection(),
            Connection::Retrying {
                attempt,
                at_ms: ms + delay
            }
        );
        ms += delay;
        assert_eq!(told.tell(ms, Input::Tick), [Open { after: at(5) }]);
        assert_eq!(told.tell(ms, Input::Failed), [Close, Poll { after: at(5) }]);
        // The failed try counts too; only the doubling matters here.
        told.0.failures = attempt;
    }
}

#[test]
fn without_a_network_nothing_is_tried() {
    let mut told = Told::new(Role::Leader);
    assert_eq!(told.tell(10, Input::WentOffline), [Close]);
    assert_eq!(
        (told.0.connection(), told.0.wake_at()),
        (Connection::Offline, None)
    );
    assert_eq!(told.tell(20, Input::WentOnline), [Open { after: at(5) }]);
    assert_eq!(told.tell(30, Input::WentOnline), []);
}

#[test]
fn a_hidden_page_lets_go_unless_others_live_on_it() {
    let mut told = Told::new(Role::Alone);
    told.tell(5, Input::Heard(frame(5, 6)));
    assert_eq!(told.tell(10, Input::Hidden), [Close]);
    assert_eq!(told.tell(20, Input::Shown), [Open { after: at(6) }]);
    assert_eq!(Told::new(Role::Leader).tell(10, Input::Hidden), []);
}

#[test]
fn a_reader_that_joins_with_older_rows_gets_what_it_missed() {
    let mut told = Told::new(Role::Alone);
    told.tell(10, Input::Heard(frame(5, 9)));
    assert_eq!(told.tell(20, Input::Joined(at(9))), []);
    assert_eq!(
        told.tell(30, Input::Joined(at(6))),
        [Close, Open { after: at(6) }]
    );
}

#[test]
fn a_server_that_resets_every_page_is_asked_ever_more_seldom() {
    let reset = || {
        Input::Heard(Frame::Reset {
            reason: ResetReason::Future,
        })
    };
    for reloads in 0..3 {
        let mut told = Told(Told::new(Role::Alone).0.after_reloads(reloads));
        assert_eq!(
            told.tell(10, reset()),
            [Close, StepDown, ReloadPage],
            "{reloads}"
        );
    }
    for (reloads, delay) in [(3, 500), (4, 500), (6, 2_000), (60, 15_000)] {
        let mut told = Told(Told::new(Role::Alone).0.after_reloads(reloads));
        assert_eq!(told.tell(10, reset()), [Close, StepDown]);
        assert!(
            matches!(told.0.connection(), Connection::Retrying { at_ms, .. } if at_ms == 10 + delay),
            "{:?}",
            told.0.connection()
        );
        for input in [
            Input::Tick,
            Input::Shown,
            Input::WentOnline,
            Input::Leads,
            Input::Joined(at(1)),
        ] {
            assert_eq!(told.tell(20, input), []);
        }
        assert_eq!(told.tell(10 + delay, Input::Tick), [ReloadPage]);
        assert_eq!(told.tell(10 + delay, Input::RetryNow), [], "once");
    }
    let mut told = Told(Told::new(Role::Alone).0.after_reloads(9));
    told.tell(10, reset());
    assert_eq!(
        told.tell(20, Input::RetryNow),
        [ReloadPage],
        "unless the person wants it now"
    );
}
