//! What is open while the feed of this page runs: the stream, the place among the tabs, one timer,
//! and the browser's own events. It decides nothing; it asks `machine` and does what it says.

use super::{
    connection::Connection,
    event_source::{EventStream, Said},
    machine::{Command, Input, Machine, Moment, Role},
    poll, reloads,
    tabs::{Learned, Tabs},
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

/// What is called when something happens.
#[derive(Clone, Copy)]
pub(super) struct Callbacks {
    pub(super) input: fn(Input),
    pub(super) stream: fn(Said),
    pub(super) tabs: fn(Learned),
    /// A poll after this cursor was answered: status and body.
    pub(super) polled: fn(Cursor, u16, String),
}

/// A running feed; dropping it closes everything.
pub(super) struct Running {
    callbacks: Callbacks,
    machine: Machine,
    stream: Option<EventStream>,
    tabs: Option<Tabs>,
    timer: Option<TimeoutHandle>,
    listeners: Vec<WindowListenerHandle>,
}

impl Running {
    /// Begins to follow `user`'s feed after `cursor`.
    pub(super) fn start(
        user: UserId,
        cursor: Cursor,
        callbacks: Callbacks,
    ) -> (Self, Vec<Command>) {
        let tabs = Tabs::join(&format!("holly-feed-{user}"), callbacks.tabs);
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
                callbacks,
                machine,
                stream: None,
                tabs,
                timer: None,
                listeners: listen(callbacks.input),
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
                self.stream = EventStream::open(after, self.callbacks.stream).ok();
                if self.stream.is_none() {
                    let input = self.callbacks.input;
                    set_timeout(move || input(Input::Failed), Duration::ZERO);
                }
            }
            Command::Close => self.stream = None,
            Command::Poll { after } => {
                let polled = self.callbacks.polled;
                spawn_local(async move {
                    let (status, body) = poll::ask(after).await;
                    polled(after, status, body);
                });
            }
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
        let input = self.callbacks.input;
        self.timer = self.machine.wake_at().and_then(|due_ms| {
            let wait = u64::try_from(due_ms - moment().ms).unwrap_or_default();
            set_timeout_with_handle(move || input(Input::Tick), Duration::from_millis(wait)).ok()
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

fn listen(input: fn(Input)) -> Vec<WindowListenerHandle> {
    let seen = move || {
        input(if is_shown() {
            Input::Shown
        } else {
            Input::Hidden
        })
    };
    vec![
        window_event_listener_untyped("online", move |_| input(Input::WentOnline)),
        window_event_listener_untyped("offline", move |_| input(Input::WentOffline)),
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
