//! `/` and `/c/{id}`: the chat.

use super::{NotFound, form_error::form_error, refused::Refused};
use crate::{
    components::ChatRoom,
    domain::{PartQuery, error::ApiError},
    server_fns::load_chat,
};
use leptos::{either::EitherOf3, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

/// A conversation, or the beginning of a new one.
#[component]
pub fn ChatPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id"));
    let part = use_query_map().with_untracked(|query| PartQuery {
        before: query.get("before"),
        from: query.get("from"),
        around: query.get("around"),
    });
    let trouble = form_error();
    let deleted = use_query_map().with_untracked(|query| query.get("deleted"));
    Suspend::new(async move {
        let id = match id.map(|id| id.parse()).transpose() {
            Ok(id) => id,
            Err(_) => return EitherOf3::A(view! { <NotFound/> }),
        };
        match load_chat(id, part).await {
            Ok(page) => {
                let title = page
                    .conversation
                    .as_ref()
                    .map(|conversation| conversation.title.clone())
                    .unwrap_or_default();
                EitherOf3::B(view! {
                    <Title text=title/>
                    <ChatRoom page trouble deleted/>
                })
            }
            Err(ApiError::NotFound(_)) => EitherOf3::A(view! { <NotFound/> }),
            Err(error) => EitherOf3::C(view! { <Refused error/> }),
        }
    })
}
