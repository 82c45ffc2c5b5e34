//! Tells tests and styles that an island has come to life.

use leptos::prelude::*;

/// False on the server and while the page loads; true once effects run. Islands put it on their root as `data-hydrated`.
pub(super) fn use_hydrated() -> ReadSignal<bool> {
    let (hydrated, set_hydrated) = signal(false);
    Effect::new(move |_| set_hydrated.set(true));
    hydrated
}
