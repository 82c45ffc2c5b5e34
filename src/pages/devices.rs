//! The part of the settings about signing in: where one is signed in, and the password.

use super::date::at;
use crate::{
    domain::{Account, Device},
    server_fns::{ChangePassword, EndDevice, SignOut, SignOutEverywhere},
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// The browsers in which one is signed in.
#[component]
pub fn Devices(
    /// Who is signed in.
    account: Account,
    /// Where.
    devices: Vec<Device>,
) -> impl IntoView {
    let none = devices.is_empty();
    view! {
        <section class="panel" id="devices">
            <h2>"Devices"</h2>
            <p>"You are signed in as " {account.email} "."</p>
            <div class="table" hidden=none>
                <table>
                    <thead><tr><th>"Browser"</th><th>"Last used"</th><th><span class="unseen">"Sign out"</span></th></tr></thead>
                    <tbody>{devices.into_iter().map(|device| view! { <DeviceRow device/> }).collect_view()}</tbody>
                </table>
            </div>
            <div class="filters">
                <form method="post" action=SignOut::url()><button class="button">"Sign out"</button></form>
                <form method="post" action=SignOutEverywhere::url()><button class="button">"Sign out on all devices"</button></form>
            </div>
        </section>
    }
}

#[component]
fn DeviceRow(device: Device) -> impl IntoView {
    let end = if device.is_this {
        Either::Left("this one")
    } else {
        Either::Right(view! {
            <form method="post" action=EndDevice::url()>
                <input type="hidden" name="id" value=device.id/>
                <button class="button" aria-label=format!("Sign out: {}", device.name)>"Sign out"</button>
            </form>
        })
    };
    view! { <tr><td>{device.name}</td><td>{at(device.last_seen_at)}</td><td>{end}</td></tr> }
}

/// Changes the password.
#[component]
pub fn Password() -> impl IntoView {
    let changed = use_query_map()
        .with_untracked(|query| query.get("changed").is_some_and(|what| what == "password"));
    view! {
        <section class="panel" id="password">
            <h2>"Password"</h2>
            {changed.then(|| view! { <div class="note" role="status">"Your password is changed. Other devices are signed out."</div> })}
            <details>
                <summary>"Change my password"</summary>
                <form class="filters" method="post" action=ChangePassword::url()>
                    <label class="field">
                        "Your password until now" <input type="password" name="password" autocomplete="current-password" required/>
                    </label>
                    <label class="field">
                        "The new one, 8 characters or more"
                        <input type="password" name="new_password" autocomplete="new-password" minlength="8" required/>
                    </label>
                    <label class="check">
                        <input type="checkbox" name="revoke_keys" value="true"/>
                        "Revoke my API keys too"
                    </label>
                    <button class="button">"Change"</button>
                </form>
            </details>
        </section>
    }
}
