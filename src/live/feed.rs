//! The one feed of this page, shared by all its islands: the shell around `machine` that opens,
//! asks, waits and hands on (`running` holds what is open). Everything runs on the browser's one
//! thread; nobody is called while the feed is borrowed.

use super::{
    connection::Connection,
    event_source::Said,
    machine::{Command, Input},
    readers::{News, OnConnection, OnUpdates, ReaderId, Readers},
    running::{Callbacks, Running, is_shown},
    tabs::Learned,
    wire::{Page, RawEvent},
};
use crate::domain::{Cursor, ids::UserId};
use leptos::prelude::{request_animation_frame, set_timeout};
use std::{cell::RefCell, time::Duration};

const CALLBACKS: Callbacks = Callbacks {
    input: tell,
    stream: said,
    tabs: learned,
    polled: answered,
};

thread_local! {
    static FEED: RefCell<Feed> = RefCell::default();
}

#[derive(Default)]
struct Feed {
    readers: Readers,
    connection: Connection,
    phase: Phase,
}

#[derive(Default)]
enum Phase {
    #[default]
    Stopped,
    /// The islands of a page join one after the other; the feed starts after all of them.
    Gathering {
        user: UserId,
        from: Cursor,
    },
    Running(Box<Running>),
}

/// Follows `user`'s feed from `cursor`; rows reach `on_updates` once an animation frame.
pub(super) fn join(user: UserId, cursor: Cursor, on_updates: OnUpdates) -> ReaderId {
    let (id, joined) = FEED.with_borrow_mut(|feed| {
        let id = feed.readers.read(on_updates);
        let joined = match &mut feed.phase {
            Phase::Running(_) => Some(cursor),
            Phase::Gathering { from, .. } => {
                *from = if cursor.rev < from.rev { cursor } else { *from };
                None
            }
            Phase::Stopped => {
                feed.phase = Phase::Gathering { user, from: cursor };
                set_timeout(start, Duration::ZERO);
                None
            }
        };
        (id, joined)
    });
    if let Some(cursor) = joined {
        tell(Input::Joined(cursor));
    }
    id
}

/// Hears how the page stands to the feed, now and at each change.
pub(super) fn watch(on_connection: OnConnection) -> ReaderId {
    let (id, connection) =
        FEED.with_borrow_mut(|feed| (feed.readers.watch(on_connection.clone()), feed.connection));
    on_connection(connection);
    id
}

/// Ends what [`join`] or [`watch`] began; with the last reader the stream closes and the lock goes
/// to another tab.
pub(super) fn leave(id: ReaderId) {
    FEED.with_borrow_mut(|feed| {
        if !feed.readers.leave(id) {
            feed.phase = Phase::Stopped;
            feed.connection = Connection::default();
            feed.readers.take_batch();
        }
    });
}

/// Tries at once, when a try is due at all.
pub(super) fn retry() {
    tell(Input::RetryNow);
}

/// Asks for the text of answers whose beginning a reader does not have.
pub(super) fn missed_text() {
    tell(Input::MissedText);
}

fn start() {
    let change = FEED.with_borrow_mut(|feed| {
        let Phase::Gathering { user, from } = feed.phase else {
            return None;
        };
        let (running, commands) = Running::start(user, from, CALLBACKS);
        feed.phase = Phase::Running(Box::new(running));
        feed.obey(commands)
    });
    announce(change);
}

/// Tells the machine what happened and does what it asks for.
fn tell(input: Input) {
    let change = FEED.with_borrow_mut(|feed| {
        let Phase::Running(running) = &mut feed.phase else {
            return None;
        };
        let commands = running.step(input);
        feed.obey(commands)
    });
    announce(change);
    if !is_shown() {
        flush();
    }
}

/// What the own stream says; the other tabs hear it too when this one leads.
fn said(said: Said) {
    match said {
        Said::Opened => tell(Input::Opened),
        Said::Failed => tell(Input::Failed),
        Said::Event(event) => {
            share(&event);
            if let Some(frame) = event.frame() {
                tell(Input::Heard(frame));
            }
        }
    }
}

/// What the other tabs make this one know.
fn learned(learned: Learned) {
    match learned {
        Learned::Leads => tell(Input::Leads),
        Learned::Follows => tell(Input::Follows),
        Learned::Event(event) if event.name == RawEvent::LOST => tell(Input::LeaderLost),
        Learned::Event(event) if event.name == RawEvent::PAGE => {
            if let (Ok(after), Ok(page)) = (event.id.parse(), Page::read(200, &event.data)) {
                tell(Input::OverheardPage { after, page });
            }
        }
        Learned::Event(event) => {
            if let Some(frame) = event.frame() {
                tell(Input::Overheard(frame));
            }
        }
    }
}

/// A poll was answered.
fn answered(after: Cursor, status: u16, body: String) {
    let answer = Page::read(status, &body);
    if answer.is_ok() {
        share(&RawEvent {
            name: RawEvent::PAGE.to_owned(),
            id: after.to_string(),
            data: body,
        });
    }
    tell(Input::Answered { after, answer });
}

fn share(event: &RawEvent) {
    FEED.with_borrow(|feed| {
        if let Phase::Running(running) = &feed.phase {
            running.share(event);
        }
    });
}

type Announcement = (Connection, Vec<OnConnection>);

impl Feed {
    fn obey(&mut self, commands: Vec<Command>) -> Option<Announcement> {
        let Phase::Running(running) = &mut self.phase else {
            return None;
        };
        for command in commands {
            let news = match command {
                Command::Apply(change) => News::Row(change),
                Command::Grow { message_id, growth } => News::Growth { message_id, growth },
                command => {
                    running.obey(command);
                    continue;
                }
            };
            if self.readers.keep(news) && is_shown() {
                request_animation_frame(flush);
            }
        }
        running.rearm();
        let connection = running.connection();
        let changed = std::mem::replace(&mut self.connection, connection) != connection;
        changed.then(|| (connection, self.readers.watchers()))
    }
}

fn announce(change: Option<Announcement>) {
    let (connection, watchers) = change.unwrap_or_default();
    for on_connection in watchers {
        on_connection(connection);
    }
}

/// Gives what is waiting to the readers. A page out of sight has no animation frames: there it is
/// given at once.
fn flush() {
    let (batch, readers) = FEED.with_borrow_mut(|feed| feed.readers.take_batch());
    if batch.is_empty() {
        return;
    }
    for on_updates in readers {
        on_updates(&batch);
    }
}
