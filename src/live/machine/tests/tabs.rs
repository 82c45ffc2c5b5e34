//! Tabs that lead and tabs that follow.

use super::{
    super::{Input, Role},
    Command::{self, Apply, Close, Open, Poll, TakeLead, TellLost},
    Told, at, frame, heartbeat, page, row,
};
use crate::{
    domain::{AnswerGrowth, ids::MessageId},
    live::{
        connection::Connection,
        wire::{Page, PollFailure},
    },
};
use uuid::Uuid;

#[test]
fn a_new_tab_leads_from_its_own_cursor_or_catches_up_by_a_poll() {
    let (mut told, first) = Told::start(Role::Follower);
    assert_eq!((first, told.0.wake_at()), (vec![], Some(500)));
    assert_eq!(told.tell(100, Input::Leads), [Open { after: at(5) }]);
    assert!(told.0.shares());
    assert_eq!(told.tell(200, Input::Follows), [Close]);
    assert_eq!(told.tell(700, Input::Tick), [Poll { after: at(5) }]);
    assert_eq!(
        told.tell(
            800,
            Input::Answered {
                after: at(5),
                answer: Ok(page(6, false))
            }
        ),
        [Apply(row(6))]
    );
    assert_eq!(
        (told.0.connection(), told.0.shares()),
        (Connection::Live, false)
    );
}

#[test]
fn a_follower_fills_every_hole_by_a_poll() {
    let mut told = Told::new(Role::Follower);
    assert_eq!(
        told.tell(10, Input::Overheard(frame(5, 6))),
        [Apply(row(6))]
    );
    assert_eq!(
        told.tell(20, Input::Overheard(frame(8, 9))),
        [Poll { after: at(6) }]
    );
    assert_eq!(
        told.tell(30, Input::Overheard(frame(9, 11))),
        [],
        "one poll at a time"
    );
    let answered = Input::Answered {
        after: at(6),
        answer: Ok(page(9, false)),
    };
    assert_eq!(
        told.tell(40, answered),
        [Apply(row(9)), Poll { after: at(9) }],
        "what the leader heard meanwhile"
    );
    told.tell(
        50,
        Input::Answered {
            after: at(9),
            answer: Ok(page(11, false)),
        },
    );
    assert_eq!(told.tell(60, Input::Overheard(heartbeat(11))), []);
    assert_eq!(
        told.tell(70, Input::Overheard(heartbeat(12))),
        [Poll { after: at(11) }],
        "a heartbeat proves nothing here"
    );
    assert_eq!(
        told.tell(
            80,
            Input::OverheardPage {
                after: at(11),
                page: page(13, false)
            }
        ),
        [Apply(row(13))]
    );
}

#[test]
fn a_follower_asks_for_text_that_it_missed_and_takes_it_from_the_answer() {
    let mut told = Told::new(Role::Follower);
    told.tell(10, Input::Overheard(heartbeat(5)));
    assert_eq!(told.tell(20, Input::MissedText), [Poll { after: at(5) }]);
    assert_eq!(told.tell(30, Input::MissedText), [], "one at a time");
    let message_id = MessageId::from_uuid(Uuid::from_u128(3));
    let growth = AnswerGrowth::Text {
        offset: 0,
        text: "Once".to_owned(),
    };
    let answer = Ok(Page {
        growing: vec![(message_id, growth.clone())],
        changes: Vec::new(),
        ..page(5, false)
    });
    let after = at(5);
    assert_eq!(
        told.tell(40, Input::Answered { after, answer }),
        [Command::Grow { message_id, growth }]
    );
    let mut leader = Told::new(Role::Leader);
    assert_eq!(leader.tell(10, Input::MissedText), [], "its stream has all");
}

#[test]
fn a_follower_takes_the_lock_from_a_silent_leader() {
    let mut told = Told::new(Role::Follower);
    told.tell(10, Input::Overheard(heartbeat(5)));
    assert_eq!(told.0.wake_at(), Some(40_010));
    assert_eq!(
        told.tell(40_010, Input::Tick),
        [TakeLead, Poll { after: at(5) }]
    );
    assert_eq!(told.tell(40_020, Input::Leads), [Open { after: at(5) }]);
}

#[test]
fn an_answer_from_before_such_a_reader_joined_is_asked_for_again() {
    let mut told = Told::new(Role::Follower);
    told.tell(10, Input::Overheard(frame(5, 9)));
    assert_eq!(
        told.tell(20, Input::Overheard(frame(11, 12))),
        [Poll { after: at(9) }]
    );
    assert_eq!(told.tell(30, Input::Joined(at(6))), []);
    assert_eq!(
        told.tell(
            40,
            Input::Answered {
                after: at(9),
                answer: Ok(page(12, false))
            }
        ),
        [Poll { after: at(6) }]
    );
}

#[test]
fn a_leader_tells_the_others_at_once_that_it_has_lost_the_server() {
    let mut told = Told::new(Role::Leader);
    assert_eq!(told.tell(10, Input::Failed), [Close, TellLost]);
    told.tell(260, Input::Tick);
    assert_eq!(told.tell(300, Input::Failed), [Close, TellLost]);
    told.tell(800, Input::Tick);
    assert_eq!(
        told.tell(900, Input::Failed),
        [Close, TellLost, Poll { after: at(5) }]
    );
    assert_eq!(
        told.tell(
            950,
            Input::Answered {
                after: at(5),
                answer: Err(PollFailure::Failed)
            }
        ),
        [TellLost]
    );
    assert_eq!(
        Told::new(Role::Alone).tell(10, Input::Failed),
        [Close],
        "nobody lives on it"
    );
}

#[test]
fn a_follower_whose_leader_lost_the_server_sees_for_itself() {
    let mut told = Told::new(Role::Follower);
    told.tell(10, Input::Overheard(frame(5, 6)));
    assert_eq!(told.tell(20, Input::LeaderLost), [Poll { after: at(6) }]);
    assert_eq!(told.0.connection(), Connection::Connecting);
    told.tell(
        30,
        Input::Answered {
            after: at(6),
            answer: Ok(page(7, false)),
        },
    );
    assert_eq!(
        told.0.connection(),
        Connection::Live,
        "only the leader's stream had ended"
    );
}

#[test]
fn a_follower_without_a_server_waits_ever_longer_and_lives_on_the_leader_again() {
    let mut told = Told::new(Role::Follower);
    let refused = || Input::Answered {
        after: at(6),
        answer: Err(PollFailure::Failed),
    };
    told.tell(10, Input::Overheard(frame(5, 6)));
    told.tell(20, Input::LeaderLost);
    told.tell(30, refused());
    assert_eq!(
        told.0.connection(),
        Connection::Retrying {
            attempt: 2,
            at_ms: 530
        }
    );
    assert_eq!(told.tell(40, Input::LeaderLost), [], "its own wait holds");
    assert_eq!(told.tell(530, Input::Tick), [Poll { after: at(6) }]);
    told.tell(540, refused());
    assert_eq!(
        told.0.connection(),
        Connection::Retrying {
            attempt: 3,
            at_ms: 1_540
        }
    );
    assert_eq!(
        told.tell(600, Input::Overheard(frame(6, 7))),
        [Apply(row(7))]
    );
    assert_eq!(told.0.connection(), Connection::Live);
}
