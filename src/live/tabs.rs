//! The tabs of one browser: Web Locks say which of them streams, a BroadcastChannel carries what it
//! hears to the others. Web Locks are reached by name, since web-sys still counts them as unstable.

use super::wire::RawEvent;
use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::window;
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{BroadcastChannel, MessageEvent};

/// What this tab learns from the others.
pub(super) enum Learned {
    Leads,
    Follows,
    Event(RawEvent),
}

/// This tab's place among the others; dropping it lets the lock go and closes the channel.
pub(super) struct Tabs {
    place: Rc<Place>,
    channel: BroadcastChannel,
    _message: Closure<dyn FnMut(MessageEvent)>,
}

struct Place {
    locks: JsValue,
    request: Function,
    name: JsValue,
    learn: fn(Learned),
    /// The number of the request that holds the lock.
    held: Cell<Option<u32>>,
    requests: Cell<u32>,
    /// Whether a request waits in the lock's queue.
    queued: Cell<bool>,
    release: RefCell<Option<Function>>,
}

impl Tabs {
    /// Queues for the lock `name` and listens to its holder. `None` where the browser has no Web
    /// Locks.
    pub(super) fn join(name: &str, learn: fn(Learned)) -> Option<Self> {
        let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
        let request = Reflect::get(&locks, &"request".into())
            .ok()?
            .dyn_into()
            .ok()?;
        let channel = BroadcastChannel::new(name).ok()?;
        let message = Closure::new(move |event: MessageEvent| {
            if let Some(event) = unpack(&event.data()) {
                learn(Learned::Event(event));
            }
        });
        channel.set_onmessage(Some(message.as_ref().unchecked_ref()));
        let place = Rc::new(Place {
            locks,
            request,
            name: name.into(),
            learn,
            held: Cell::default(),
            requests: Cell::default(),
            queued: Cell::default(),
            release: RefCell::default(),
        });
        place.ask(false);
        Some(Self {
            place,
            channel,
            _message: message,
        })
    }

    /// Tells the other tabs what this one heard.
    pub(super) fn share(&self, event: &RawEvent) {
        let packed = Array::of3(
            &event.name.as_str().into(),
            &event.id.as_str().into(),
            &event.data.as_str().into(),
        );
        // A channel that is closing loses nothing: the others miss it, see the gap and ask.
        let _ = self.channel.post_message(&packed);
    }

    /// Takes the lock from whoever holds it.
    pub(super) fn take_lead(&self) {
        self.place.ask(true);
    }
}

impl Drop for Tabs {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
        if let Some(release) = self.place.release.take() {
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

impl Place {
    fn ask(self: &Rc<Self>, steal: bool) {
        if !steal && self.queued.replace(true) {
            return;
        }
        let number = self.requests.get() + 1;
        self.requests.set(number);
        let options = Object::new();
        let _ = Reflect::set(&options, &"steal".into(), &steal.into());
        let place = Rc::downgrade(self);
        let granted = Closure::once_into_js(move |_lock: JsValue| -> JsValue {
            granted(&place, number, steal)
        });
        let Ok(ended) = self
            .request
            .call3(&self.locks, &self.name, &options, &granted)
        else {
            return;
        };
        let place = Rc::downgrade(self);
        spawn_local(async move {
            if JsFuture::from(ended.unchecked_into::<Promise>())
                .await
                .is_err()
            {
                lost(&place, number);
            }
        });
    }
}

/// The lock is held until the promise that this returns is kept; a tab that has left keeps none.
fn granted(place: &Weak<Place>, number: u32, stolen: bool) -> JsValue {
    let Some(place) = place.upgrade() else {
        return JsValue::UNDEFINED;
    };
    place.held.set(Some(number));
    if !stolen {
        place.queued.set(false);
    }
    let until_released = Promise::new(&mut |resolve, _| {
        place.release.replace(Some(resolve));
    });
    (place.learn)(Learned::Leads);
    until_released.into()
}

/// Another tab took the lock: queue again behind it. A browser that refuses the lock altogether (a
/// sandboxed frame) leaves this tab to stream by itself; a request that another one of this tab has
/// replaced loses nothing.
fn lost(place: &Weak<Place>, number: u32) {
    let Some(place) = place.upgrade() else { return };
    match place.held.get() {
        Some(held) if held == number => {
            place.held.set(None);
            (place.learn)(Learned::Follows);
            place.ask(false);
        }
        Some(_) => {}
        None => (place.learn)(Learned::Leads),
    }
}

fn unpack(data: &JsValue) -> Option<RawEvent> {
    let packed: &Array = data.dyn_ref()?;
    let text = |index| packed.get(index).as_string();
    Some(RawEvent {
        name: text(0)?,
        id: text(1)?,
        data: text(2)?,
    })
}
