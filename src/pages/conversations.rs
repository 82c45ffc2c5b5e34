//! `/conversations`: those that are too many for the side of the chat, a page at a time.

use super::refused::Refused;
use crate::{
    components::ConversationGroups,
    domain::{CONVERSATIONS_LISTED, group_by_period},
    server_fns::load_conversations,
};
use leptos::{either::Either, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Conversations, most recently used first.
#[component]
pub fn ConversationsPage() -> impl IntoView {
    let before =
        use_query_map().with_untracked(|query| query.get("before").filter(|id| !id.is_empty()));
    Suspend::new(async move {
        match load_conversations(before).await {
            Ok(page) => {
                let next = page
                    .listed
                    .last()
                    .filter(|_| page.listed.len() == CONVERSATIONS_LISTED)
                    .map(|last| last.id);
                Either::Left(view! {
                    <Title text="Conversations"/>
                    <main class="page" data-width="column">
                        <div class="bar"><h1>"Conversations"</h1> <a href="/">"Back to the newest"</a></div>
                        <nav class="talks" aria-label="Conversations">
                            <ConversationGroups groups=group_by_period(page.listed, page.now) current=None/>
                        </nav>
                        {next.map(|id| view! { <p><a href=format!("/conversations?before={id}")>"Older conversations"</a></p> })}
                    </main>
                })
            }
            Err(error) => Either::Right(view! { <Refused error/> }),
        }
    })
}
