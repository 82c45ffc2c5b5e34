//! The HTML document and the table of pages. Rendered on the server only; the browser runs islands.

use crate::{
    domain::{Detail, Theme},
    pages::{
        AuditPage, ChatPage, ConfirmPage, ConversationsPage, Gallery, HistoryPage, HoldsPage,
        JoinPage, NotFound, PeoplePage, SettingsPage, SignInPage, StatsPage, WelcomePage,
    },
    server::{
        http::style,
        state::{App as State, site::Site},
    },
};
use axum::http::request::Parts;
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{Link, MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

/// The HTML document.
pub fn shell() -> impl IntoView {
    let state = expect_context::<State>();
    let theme = use_context::<Theme>().map(Theme::as_str);
    let detail = use_context::<Detail>().map(Detail::as_str);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme data-detail=detail>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <Hydration site=state.site.clone()/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The table of pages. Every page is rendered completely before it is sent, so it works without
/// JavaScript.
#[component]
fn App() -> impl IntoView {
    provide_meta_context();
    let is_chat = use_context::<Parts>()
        .is_some_and(|request| request.uri.path() == "/" || request.uri.path().starts_with("/c/"));
    view! {
        <Link rel="stylesheet" href=style::CHAT.address.as_str()/>
        {(!is_chat).then(|| view! { <Link rel="stylesheet" href=style::PAGES.address.as_str()/> })}
        <Title formatter=document_title/>
        <Router>
            <FlatRoutes fallback=NotFound>
                <Route path=path!("/") view=ChatPage ssr=SsrMode::Async/>
                <Route path=path!("/c/:id") view=ChatPage ssr=SsrMode::Async/>
                <Route path=path!("/conversations") view=ConversationsPage ssr=SsrMode::Async/>
                <Route path=path!("/history") view=HistoryPage ssr=SsrMode::Async/>
                <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async/>
                <Route path=path!("/settings/people") view=PeoplePage ssr=SsrMode::Async/>
                <Route path=path!("/settings/audit") view=AuditPage ssr=SsrMode::Async/>
                <Route path=path!("/confirm") view=ConfirmPage ssr=SsrMode::Async/>
                <Route path=path!("/join") view=JoinPage ssr=SsrMode::Async/>
                <Route path=path!("/stats") view=StatsPage ssr=SsrMode::Async/>
                <Route path=path!("/holds") view=HoldsPage ssr=SsrMode::Async/>
                <Route path=path!("/gallery") view=Gallery ssr=SsrMode::Async/>
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
                <Route path=path!("/welcome") view=WelcomePage ssr=SsrMode::Async/>
            </FlatRoutes>
        </Router>
    }
}

/// The content of the `title` element, escaped: `leptos_meta` writes it into the page as it is.
fn document_title(title: String) -> String {
    if title.is_empty() {
        "Holly".to_owned()
    } else {
        let title = title.replace('&', "&amp;").replace('<', "&lt;");
        format!("{title} · Holly")
    }
}

/// Loads the WASM and hydrates the islands. Leptos's own component writes the nonce into
/// `crossorigin`, which keeps Firefox from using the preload (leptos issue 4843).
#[component]
fn Hydration(site: Site) -> impl IntoView {
    let nonce = use_nonce();
    let start = format!(
        "import({:?}).then(async holly => {{ \
         await holly.default({{module_or_path: {:?}}}); holly.hydrate(); {} }});",
        site.script,
        site.wasm,
        include_str!("islands.js")
    );
    view! {
        <link rel="modulepreload" href=site.script.clone() crossorigin=""/>
        <link
            rel="preload"
            href=site.wasm.clone()
            r#as="fetch"
            r#type="application/wasm"
            crossorigin=""
        />
        <script type="module" nonce=nonce inner_html=start></script>
    }
}
