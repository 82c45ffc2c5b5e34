//! A server, a network and other tabs played by chance. Whatever is cut, lost, repeated or late,
//! the page never claims to have seen what it has not, never goes back, and in the end holds what
//! the server holds.

use super::{Command, Input, Machine, Moment, Role, state::State};
use crate::{
    domain::{
        Change, Conversation, Cursor, Epoch, Frame, Removed, RemovedKind, Transcript,
        ids::ConversationId, time::Timestamp,
    },
    live::wire::{Page, PollFailure},
};
use proptest::{prelude::*, sample::select};
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

#[derive(Debug, Clone)]
enum Act {
    Write(u128),
    Remove(u128),
    Deliver,
    DeliverAgain,
    Lose,
    Heartbeat,
    Cut,
    AnswerPoll,
    FailPoll,
    Share,
    ShareLost,
    ShareHeartbeat,
    SharePage,
    Tell(Input),
    Wait(i64),
}

fn acts() -> impl Strategy<Value = Act> {
    use Act::*;
    let network = vec![
        Deliver,
        Deliver,
        DeliverAgain,
        Lose,
        Heartbeat,
        Cut,
        AnswerPoll,
        AnswerPoll,
        FailPoll,
    ];
    let tabs = vec![
        Share,
        Share,
        ShareLost,
        ShareHeartbeat,
        SharePage,
        Tell(Input::LeaderLost),
        Tell(Input::Leads),
        Tell(Input::Follows),
    ];
    let browser = [
        Input::WentOffline,
        Input::WentOnline,
        Input::Hidden,
        Input::Shown,
        Input::RetryNow,
    ]
    .map(Tell);
    prop_oneof![
        4 => (0u128..5).prop_map(Write),
        1 => (0u128..5).prop_map(Remove),
        8 => select(network),
        6 => select(tabs),
        2 => select(browser.to_vec()),
        3 => (1i64..45_000).prop_map(Wait),
    ]
}

struct World {
    /// The server's rows as they are now, by revision.
    rows: BTreeMap<i64, Change>,
    head: i64,
    machine: Machine,
    page: Transcript,
    /// Where this tab's stream stands, and the leading tab's.
    stream: Option<i64>,
    leader: i64,
    last: Option<Frame>,
    polls: VecDeque<(Cursor, Page)>,
    ms: i64,
}

fn at(rev: i64) -> Cursor {
    Cursor {
        epoch: Epoch::from_bits(7),
        rev,
    }
}

fn id_of(change: &Change) -> Uuid {
    match change {
        Change::Conversation(conversation) => conversation.id.uuid(),
        Change::Removed(removed) => removed.id,
        Change::Entry(_) | Change::Message(_) => Uuid::nil(),
    }
}

impl World {
    fn new(role: Role) -> Self {
        let (machine, commands) =
            Machine::start(at(0), role, true, true, Moment { ms: 0, random: 0.5 });
        let (rows, page, polls) = (BTreeMap::new(), Transcript::default(), VecDeque::new());
        let mut world = Self {
            rows,
            head: 0,
            machine,
            page,
            stream: None,
            leader: 0,
            last: None,
            polls,
            ms: 0,
        };
        world.obey(commands);
        world
    }

    fn write(&mut self, n: u128, removed: bool) {
        let uuid = Uuid::from_u128(n);
        let gone = self
            .rows
            .values()
            .any(|row| matches!(row, Change::Removed(removed) if removed.id == uuid));
        if gone {
            return;
        }
        self.head += 1;
        self.rows.retain(|_, row| id_of(row) != uuid);
        let (rev, time) = (self.head, Timestamp::from_millis(self.head));
        let change = if removed {
            Change::Removed(Removed {
                kind: RemovedKind::Conversation,
                id: uuid,
                rev,
            })
        } else {
            let (id, title) = (ConversationId::from_uuid(uuid), rev.to_string());
            Change::Conversation(Conversation {
                id,
                title,
                created_at: time,
                updated_at: time,
                running_turn_id: None,
                model: None,
                kept: false,
                rev,
            })
        };
        self.rows.insert(rev, change);
    }

    /// The next frame of a stream that stands at `position`.
    fn next(&self, position: i64) -> Option<(i64, Frame)> {
        let (rev, row) = self.rows.range(position + 1..).next()?;
        Some((
            *rev,
            Frame::Change {
                prev: at(position),
                cursor: at(*rev),
                change: Box::new(row.clone()),
            },
        ))
    }

    fn page_after(&self, after: i64) -> Page {
        let changes: Vec<Change> = self
            .rows
            .range(after + 1..)
            .take(2)
            .map(|(_, row)| row.clone())
            .collect();
        let rev = changes.last().map_or(self.head, Change::rev);
        Page {
            changes,
            growing: Vec::new(),
            cursor: at(rev),
            more: rev < self.head,
        }
    }

    fn tell(&mut self, input: Input) {
        let held = self.machine.cursor.rev;
        let commands = self.machine.step(
            input,
            Moment {
                ms: self.ms,
                random: (self.ms % 97) as f64 / 97.0,
            },
        );
        self.obey(commands);
        assert!(
            self.machine.cursor.rev >= held,
            "the cursor never goes back"
        );
        assert_eq!(
            self.stream.is_some(),
            self.machine.state.has_stream(),
            "what is open is what the state says"
        );
        let unfinished =
            matches!(self.machine.state, State::Paused(_)) || self.machine.wake_at().is_some();
        assert!(unfinished, "nobody waits for ever");
        self.check_that_what_is_claimed_is_held();
    }

    fn check_that_what_is_claimed_is_held(&self) {
        for row in self
            .rows
            .range(..=self.machine.cursor.rev)
            .map(|(_, row)| row)
        {
            let id = id_of(row);
            let held = match row {
                Change::Removed(_) => self.page.is_removed(RemovedKind::Conversation, id),
                _ => self
                    .page
                    .conversation(ConversationId::from_uuid(id))
                    .is_some_and(|held| held.rev == row.rev()),
            };
            assert!(
                held,
                "the cursor is at {} without {row:?}",
                self.machine.cursor.rev
            );
        }
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Open { after } => {
                    assert_eq!(self.stream.replace(after.rev), None, "one stream at a time")
                }
                Command::Close => {
                    assert!(self.stream.take().is_some(), "only what is open is closed")
                }
                Command::Poll { after } => {
                    self.polls.push_back((after, self.page_after(after.rev)))
                }
                Command::Apply(change) => drop(self.page.apply(*change)),
                Command::Grow { .. } | Command::TakeLead | Command::TellLost => {}
                Command::StepDown | Command::ReloadPage => {
                    panic!("nothing here calls for a reload")
                }
            }
        }
    }

    fn hear(&mut self, frame: Frame) {
        self.last = Some(frame.clone());
        self.tell(Input::Heard(frame));
    }

    fn deliver(&mut self, lost: bool) {
        if let Some((rev, frame)) = self.stream.and_then(|position| self.next(position)) {
            self.stream = Some(rev);
            if !lost {
                self.hear(frame);
            }
        }
    }

    fn share(&mut self, lost: bool) {
        if let Some((rev, frame)) = self.next(self.leader) {
            self.leader = rev;
            if !lost {
                self.tell(Input::Overheard(frame));
            }
        }
    }

    fn answer(&mut self, failed: bool) {
        if let Some((after, page)) = self.polls.pop_front() {
            let answer = if failed {
                Err(PollFailure::Failed)
            } else {
                Ok(page)
            };
            self.tell(Input::Answered { after, answer });
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Write(n) => self.write(n, false),
            Act::Remove(n) => self.write(n, true),
            Act::Deliver => self.deliver(false),
            Act::Lose => self.deliver(true),
            Act::DeliverAgain => self
                .last
                .clone()
                .into_iter()
                .for_each(|frame| self.tell(Input::Heard(frame))),
            Act::Heartbeat
                if self.stream.is_some_and(|position| {
                    self.machine.cursor.rev == position && self.next(position).is_none()
                }) =>
            {
                self.hear(Frame::Heartbeat {
                    cursor: at(self.head),
                });
            }
            Act::Heartbeat => {}
            Act::Cut if self.stream.is_some() => self.tell(Input::Failed),
            Act::Cut => {}
            Act::AnswerPoll => self.answer(false),
            Act::FailPoll => self.answer(true),
            Act::Share => self.share(false),
            Act::ShareLost => self.share(true),
            Act::ShareHeartbeat => self.tell(Input::Overheard(Frame::Heartbeat {
                cursor: at(self.leader),
            })),
            Act::SharePage => {
                let (after, page) = (at(self.leader), self.page_after(self.leader));
                self.leader = page.cursor.rev;
                self.tell(Input::OverheardPage { after, page });
            }
            Act::Tell(input) => self.tell(input),
            Act::Wait(ms) => {
                self.ms += ms;
                self.tell(Input::Tick);
            }
        }
    }

    /// The network is well again: a minute or two later everything has arrived.
    fn heal(&mut self) {
        for input in [Input::WentOnline, Input::Shown] {
            self.tell(input);
        }
        for _ in 0..12 {
            for _ in 0..=self.head {
                self.deliver(false);
                self.answer(false);
            }
            self.act(Act::ShareHeartbeat);
            self.act(Act::Wait(15_000));
            self.leader = self.head;
        }
    }
}

proptest! {
    #[test]
    fn whatever_the_network_does_the_page_ends_with_what_the_server_holds(
        role in select(vec![Role::Alone, Role::Follower]),
        acts in prop::collection::vec(acts(), 0..120),
    ) {
        let mut world = World::new(role);
        for act in acts {
            // A tab without Web Locks is never told to lead or to follow.
            if role == Role::Follower || !matches!(act, Act::Tell(Input::Leads | Input::Follows)) {
                world.act(act);
            }
        }
        world.heal();
        prop_assert_eq!(world.machine.cursor.rev, world.head);
        prop_assert_eq!(world.page, Transcript::of(world.rows.into_values()));
    }
}
