//! What is open while the feed of this page runs: the stream, the place among the tabs, one timer,
//! and the browser's own events. It decides nothing; it asks `machine` and does what it says.

use super::{
    connection::Connection,
    event_source::EventStream,
    feed,
    machine::{Command, Input, Machine, Moment, Role},
    poll, reloads,
    tabs::Tabs,
    wire::RawEvent,
};
use crate::domain::{Cursor, ids::UserId};
use leptos::prelude::{
    TimeoutHandle, WindowListenerHandle, document, set_timeout, set_timeout_with_handle, window,
    window_event_listener_untyped,
};
use std::{cell::Cell, time::Duration};
use wasm_bindgen_futures::spawn_local;
use web_sys::VisibilityState;

thread_local! {
    static RELOAD: Cell<fn()> = const { Cell::new(reload_page) };
}

/// A running feed; dropping it closes everything.
pub(super) struct Running {
    machine: Machine,
    stream: Option<EventStream>,
    tabs: Option<Tabs>,
    timer: Option<TimeoutHandle>,
    listeners: Vec<WindowListenerHandle>,
}

impl Running {
    /// Begins to follow `user`'s feed after `cursor`.
    pub(super) fn start(user: UserId, cursor: Cursor) -> (Self, Vec<Command>) {
        let tabs = Tabs::join(&format!("holly-feed-{user}"), feed::learned);
        let role = if tabs.is_some() {
            Role::Follower
        } else {
            Role::Alone
        };
        let (machine, commands) = Machine::start(
            cursor,
            role,
            is_shown(),
            window().navigator().on_line(),
            moment(),
        );
        let machine = machine.after_reloads(reloads::of_late(moment().ms));
        (
            Self {
                machine,
                stream: None,
                tabs,
                timer: None,
                listeners: listen(),
            },
            commands,
        )
    }

    pub(super) fn step(&mut self, input: Input) -> Vec<Command> {
        self.machine.step(input, moment())
    }

    pub(super) fn connection(&self) -> Connection {
        self.machine.connection()
    }

    /// Tells the other tabs what this one heard, when they live on it.
    pub(super) fn share(&self, event: &RawEvent) {
        if let Some(tabs) = self.tabs.as_ref().filter(|_| self.machine.shares()) {
            tabs.share(event);
        }
    }

    /// Does what the machine asks for; rows and text are the readers' and do not come here.
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Open { after } => {
                self.stream = EventStream::open(after, feed::said).ok();
                if self.stream.is_none() {
                    set_timeout(|| feed::tell(Input::Failed), Duration::ZERO);
                }
            }
            Command::Close => self.stream = None,
            Command::Poll { after } => spawn_local(async move {
                let (status, body) = poll::ask(after).await;
                feed::answered(after, status, body);
            }),
            Command::TellLost => self.share(&RawEvent::lost()),
            Command::TakeLead => self.tabs.iter().for_each(Tabs::take_lead),
            Command::StepDown => self.tabs = None,
            Command::ReloadPage => {
                reloads::note(moment().ms);
                RELOAD.get()();
            }
            Command::Apply(_) | Command::Grow { .. } => {}
        }
    }

    /// Sets the one timer to when something is due next.
    pub(super) fn rearm(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
        self.timer = self.machine.wake_at().and_then(|due_ms| {
            let wait = u64::try_from(due_ms - moment().ms).unwrap_or_default();
            set_timeout_with_handle(|| feed::tell(Input::Tick), Duration::from_millis(wait)).ok()
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
        for listener in self.listeners.drain(..) {
            listener.remove();
        }
    }
}

/// Whether the page is in sight.
pub(super) fn is_shown() -> bool {
    document().visibility_state() == VisibilityState::Visible
}

/// Replaces what happens when the page must be loaded anew.
#[cfg(all(test, target_arch = "wasm32"))]
pub(crate) fn on_reload(reload: fn()) {
    RELOAD.set(reload);
}

fn reload_page() {
    // Refused only while the page is leaving anyway.
    let _ = window().location().reload();
}

fn listen() -> Vec<WindowListenerHandle> {
    let seen = || {
        feed::tell(if is_shown() {
            Input::Shown
        } else {
            Input::Hidden
        })
    };
    vec![
        window_event_listener_untyped("online", |_| feed::tell(Input::WentOnline)),
        window_event_listener_untyped("offline", |_| feed::tell(Input::WentOffline)),
        window_event_listener_untyped("visibilitychange", move |_| seen()),
    ]
}

/// Now, by the browser's clock and chance.
fn moment() -> Moment {
    Moment {
        ms: js_sys::Date::now() as i64,
        random: js_sys::Math::random(),
    }
}
