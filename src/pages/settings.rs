//! `/settings`: theme, level of detail, API keys, tools that need not ask, devices, one's data.

use super::{
    devices::{Devices, Password},
    form_error::FormError,
    refused::Refused,
    your_data::YourData,
};
use crate::{
    components::ThemeSwitch,
    domain::{ApiKey, Detail, Scope, Scopes, Theme, ToolGrant, ToolServer, time::Timestamp},
    server_fns::{
        ChooseDetail, CreateKey, RevokeGrant, RevokeKey, SeeForgottenGrants, load_settings,
    },
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// What a person sets for themselves.
#[component]
pub fn SettingsPage() -> impl IntoView {
    Suspend::new(async move {
        match load_settings().await {
            Ok(settings) => Either::Left(view! {
                <Title text="Settings"/>
                <main class="page" data-width="column">
                    <div class="bar">
                        <h1>"Settings"</h1>
                        {settings.account.is_admin.then(|| view! { <a href="/settings/people">"People"</a> })}
                        <a href="/">"Back to the conversations"</a>
                    </div>
                    <FormError/>
                    <Appearance/>
                    <Keys
                        keys=settings.keys
                        fresh=settings.fresh_key
                        is_admin=settings.account.is_admin
                        now=settings.now
                    />
                    <Grants grants=settings.grants forgotten=settings.forgotten_grants/>
                    <ToolServers servers=settings.tool_servers/>
                    <Devices account=settings.account devices=settings.devices/>
                    {settings.has_password.then(|| view! { <Password/> })}
                    <YourData has_password=settings.has_password/>
                </main>
            }),
            Err(error) => Either::Right(view! { <Refused error/> }),
        }
    })
}

#[component]
fn Appearance() -> impl IntoView {
    let theme = use_context::<Theme>().map(|theme| theme.as_str().to_owned());
    view! {
        <section class="panel" id="appearance">
            <h2>"Appearance"</h2>
            <ThemeSwitch theme/>
            <noscript><p>"Follows your system. Switching by hand needs JavaScript."</p></noscript>
            <Details/>
        </section>
    }
}

/// How much of the work is in sight; a plain form, remembered in this browser.
#[component]
fn Details() -> impl IntoView {
    let chosen = use_context::<Detail>().unwrap_or_default();
    let choice = move |level: Detail| {
        let (word, note) = match level {
            Detail::Quiet => (
                "Quiet",
                "Only what failed or is going on; under an answer, its facts.",
            ),
            Detail::Normal => (
                "Normal",
                "What went well folds into one line; failures stay in sight.",
            ),
            Detail::All => ("Everything", "Nothing folds, and every entry is open."),
        };
        view! {
            <label>
                <input type="radio" name="detail" value=level.as_str() checked=level == chosen/>
                <span>{word} <small>{note}</small></span>
            </label>
        }
    };
    let changed = use_query_map()
        .with_untracked(|query| query.get("changed").is_some_and(|what| what == "detail"));
    view! {
        {changed.then(|| view! { <div class="note" data-status="success" role="status">"Saved."</div> })}
        <form class="levels" method="post" action=ChooseDetail::url()>
            <fieldset>
                <legend>"How much of the assistant's work is in sight"</legend>
                {Detail::ALL.iter().copied().map(choice).collect_view()}
            </fieldset>
            <button class="button">"Save"</button>
        </form>
    }
}

#[component]
fn Keys(keys: Vec<ApiKey>, fresh: Option<String>, is_admin: bool, now: Timestamp) -> impl IntoView {
    let choice = |scope: Scope| {
        view! {
            <label>
                <input
                    type="checkbox"
                    name="scope[]"
                    value=scope.as_str()
                    checked=Scopes::DEFAULT.contains(scope)
                />
                <span><code>{scope.as_str()}</code>" "<small>{scope.description()}</small></span>
            </label>
        }
    };
    let choices = Scope::ALL
        .iter()
        .copied()
        .filter(|scope| is_admin || *scope != Scope::Admin)
        .map(choice)
        .collect_view();
    view! {
        <section class="panel">
            <h2>"API keys"</h2>
            <p>"With a key another program does what its scopes allow. Send it as " <code>"Authorization: Bearer holly_…"</code> "."</p>
            {fresh.map(|key| view! {
                <div class="note" role="status">
                    <p>"Your new key, shown this once: " <code class="secret">{key}</code></p>
                </div>
            })}
            {(!keys.is_empty()).then(|| view! {
                <div class="table" data-cards="">
                    <table>
                        <thead><tr><th>"Name"</th><th data-text="">"Key"</th><th>"Scopes"</th><th>"Made"</th><th>"Last used"</th><th>"Expires"</th><th><span class="unseen">"Revoke"</span></th></tr></thead>
                        <tbody>{keys.into_iter().map(|key| view! { <KeyRow key now/> }).collect_view()}</tbody>
                    </table>
                </div>
            })}
            <form class="levels" method="post" action=CreateKey::url()>
                <label class="field">"What the key is for" <input name="name" maxlength="80" required placeholder="Deploy script"/></label>
                <fieldset>
                    <legend>"What it may do"</legend>
                    {choices}
                </fieldset>
                <label class="field">
                    "Expires after days (empty: never)"
                    <input name="expires" type="number" min="1" max="3650" inputmode="numeric"/>
                </label>
                <button class="button">"Make a key"</button>
            </form>
        </section>
    }
}

#[component]
fn KeyRow(key: ApiKey, now: Timestamp) -> impl IntoView {
    let scopes = key.scopes.to_string().replace(',', ", ");
    let expires = match key.expires_at {
        None => Either::Left("never"),
        Some(at) => Either::Right(view! { {(at <= now).then_some("expired ")} {day(at)} }),
    };
    view! {
        <tr>
            <td>{key.name}</td>
            <td data-text=""><code>{format!("holly_{}_…", key.id)}</code></td>
            <td data-label="Scopes">
                {scopes}
                {key.made_before_scopes.then(|| view! { " "<small>"(made before scopes)"</small> })}
            </td>
            <td data-label="Made">{day(key.created_at)}</td>
            <td data-label="Last used">{key.last_used_at.map_or_else(|| Either::Left("never"), |at| Either::Right(day(at)))}</td>
            <td data-label="Expires">{expires}</td>
            <td>
                <form method="post" action=RevokeKey::url()>
                    <input type="hidden" name="id" value=key.id/>
                    <button class="button">"Revoke"</button>
                </form>
            </td>
        </tr>
    }
}

/// A day, with the time behind it.
pub(super) fn day(at: Timestamp) -> impl IntoView {
    view! { <time datetime=at.to_string() title=at.date_time()>{at.date()}</time> }
}

#[component]
fn Grants(grants: Vec<ToolGrant>, forgotten: Vec<String>) -> impl IntoView {
    view! {
        <section class="panel">
            <h2>"Tools that need not ask"</h2>
            {(!forgotten.is_empty()).then(|| view! { <ForgottenGrants tools=forgotten/> })}
            <p>{if grants.is_empty() {
                "Tools that write or send ask you first. Those that you always allow will be listed here."
            } else {
                "You said “Always allow” for these. Tools that write or send and are not listed ask you first."
            }}</p>
            {(!grants.is_empty()).then(|| view! {
                <div class="table" data-cards="">
                    <table>
                        <thead><tr><th>"Tool"</th><th>"Allowed"</th><th><span class="unseen">"Ask again"</span></th></tr></thead>
                        <tbody>{grants.into_iter().map(|grant| view! { <GrantRow grant/> }).collect_view()}</tbody>
                    </table>
                </div>
            })}
        </section>
    }
}

/// Which tools ask again since an upgrade, until the user has seen it.
#[component]
fn ForgottenGrants(tools: Vec<String>) -> impl IntoView {
    let tools = tools
        .into_iter()
        .map(|tool| view! { <li><code>{tool}</code></li> })
        .collect_view();
    view! {
        <div class="note" role="status">
            <p>
                "These tools ask you again. Your “Always allow” for them did not say what the tool "
                "does, so it was forgotten when Holly was upgraded:"
            </p>
            <ul>{tools}</ul>
            <form method="post" action=SeeForgottenGrants::url()>
                <button class="button">"Got it"</button>
            </form>
        </div>
    }
}

#[component]
fn GrantRow(grant: ToolGrant) -> impl IntoView {
    view! {
        <tr>
            <td>
                <code>{grant.tool.clone()}</code>
                {(!grant.server.is_empty()).then(|| format!(" of {}", grant.server))}
            </td>
            <td data-label="Allowed">{day(grant.granted_at)}</td>
            <td>
                <form method="post" action=RevokeGrant::url()>
                    <input type="hidden" name="server" value=grant.server.clone()/>
                    <input type="hidden" name="tool" value=grant.tool.clone()/>
                    <button class="button" aria-label=format!("Ask again: {}", grant.tool)>"Ask again"</button>
                </form>
            </td>
        </tr>
    }
}

#[component]
fn ToolServers(servers: Vec<ToolServer>) -> impl IntoView {
    let row = |server: ToolServer| {
        let state = server
            .trouble
            .unwrap_or_else(|| running(server.tools, server.process));
        let notes = server
            .notes
            .into_iter()
            .map(|note| view! { <li>{note}</li> });
        let notes = (notes.len() > 0).then(|| view! { <ul>{notes.collect_view()}</ul> });
        view! { <tr><td>{server.name}</td><td>{state}{notes}</td></tr> }
    };
    (!servers.is_empty()).then(|| {
        view! {
            <section class="panel">
                <h2>"Tools of other programs"</h2>
                <p>"The servers in " <code>"mcp.json"</code> " of the data folder. Admins see this."</p>
                <div class="table">
                    <table>
                        <thead><tr><th>"Server"</th><th>"State"</th></tr></thead>
                        <tbody>{servers.into_iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}

fn running(tools: usize, process: Option<u32>) -> String {
    process.map_or_else(
        || format!("{tools} tools"),
        |process| format!("{tools} tools, process {process}"),
    )
}
