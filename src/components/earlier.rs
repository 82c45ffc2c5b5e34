//! The rows before those of the page: brought in when the reader comes to the top, or asks for
//! them.

use super::browser;
use crate::{
    domain::{ConversationSpan, EarlierRows, Gap, ids::ConversationId},
    live::WorkLogStream,
    server_fns::{LoadEarlier, post},
};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use std::{cell::Cell, rc::Rc};
use web_sys::{Element, FormData};

/// How near the top counts as being there, in CSS pixels.
const NEAR_PX: i32 = 300;

/// A conversation's page that can grow upwards.
#[derive(Clone)]
pub(super) struct Earlier {
    pub(super) conversation: Option<ConversationId>,
    pub(super) stream: WorkLogStream,
    pub(super) span: ArcRwSignal<ConversationSpan>,
    /// What belongs among its rows and could not be read, oldest first.
    pub(super) gaps: ArcRwSignal<Vec<Gap>>,
    /// Whether rows are on their way.
    asked: Rc<Cell<bool>>,
}

impl Earlier {
    pub(super) fn new(
        conversation: Option<ConversationId>,
        stream: WorkLogStream,
        span: ArcRwSignal<ConversationSpan>,
        gaps: Vec<Gap>,
    ) -> Self {
        Self {
            conversation,
            stream,
            span,
            gaps: ArcRwSignal::new(gaps),
            asked: Rc::default(),
        }
    }

    /// Call it when `list` was scrolled.
    pub(super) fn scrolled(&self, list: &Element) {
        if list.scroll_top() < NEAR_PX {
            self.load(list.clone());
        }
    }

    /// Brings in the rows before those that are there. Rows merge by revision, so what is heard
    /// meanwhile is neither lost nor doubled.
    pub(super) fn load(&self, list: Element) {
        let (Some(conversation), Some(from)) = (self.conversation, self.span.get_untracked().from)
        else {
            return;
        };
        let Ok(fields) = FormData::new() else { return };
        if self.asked.get() {
            return;
        }
        self.asked.set(true);
        say(&list, "Loading earlier rows…");
        _ = fields.append_with_str("conversation_id", &conversation.to_string());
        _ = fields.append_with_str("before", &from.to_string());
        let this = self.clone();
        spawn_local(async move {
            let rows = post(LoadEarlier::url(), &fields)
                .await
                .ok()
                .as_ref()
                .and_then(EarlierRows::read);
            match rows {
                Some(rows) => this.take_in(rows, list),
                // The link is there still, and leads to the same rows.
                None => {
                    say(&list, "Earlier rows could not be loaded. Try again");
                    this.asked.set(false);
                }
            }
        });
    }

    fn take_in(self, rows: EarlierRows, list: Element) {
        let (height, top) = (list.scroll_height(), list.scroll_top());
        self.stream.add(rows.rows);
        if !rows.gaps.is_empty() {
            // one that reaches over the edge of a page is a gap of both
            self.gaps.update(|gaps| {
                *gaps = rows
                    .gaps
                    .iter()
                    .filter(|gap| !gaps.contains(gap))
                    .chain(gaps.iter())
                    .copied()
                    .collect()
            });
        }
        self.span.update(|span| span.from = rows.from);
        request_animation_frame(move || {
            // A browser that keeps its place by itself has moved already.
            if list.scroll_top() == top {
                list.set_scroll_top(top + list.scroll_height() - height);
            }
            self.point_further(&list, rows.from.map(|from| from.to_string()));
            self.asked.set(false);
        });
    }

    fn point_further(&self, list: &Element, from: Option<String>) {
        let link = browser::first::<Element>(list, ".older");
        let Some((link, conversation)) = link.zip(self.conversation) else {
            return;
        };
        match from {
            Some(from) => {
                _ = link.set_attribute("href", &format!("/c/{conversation}?before={from}"));
                say(list, "Show earlier");
            }
            None => {
                if browser::has_focus(&link) {
                    browser::focus(".scroll");
                }
                link.remove();
            }
        }
    }
}

/// What the link to earlier rows says.
fn say(list: &Element, words: &str) {
    browser::first::<Element>(list, ".older")
        .iter()
        .for_each(|link| link.set_text_content(Some(words)));
}
