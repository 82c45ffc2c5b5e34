//! The answers in progress of a user, in whichever process they are written.

use super::{AnswerBlock, Feed, UnsentText};
use crate::{
    domain::ids::{ConversationId, MessageId, UserId},
    server::{
        base::{blocking::run_blocking, markdown_blocks::BlockFinder},
        store::{Result, Store, answer_parts},
    },
};
use std::collections::HashMap;

/// What a reader who has nothing yet lacks of the answers in progress. Of another process's answer
/// it is what the database has.
pub async fn growing(
    store: &Store,
    feed: &Feed,
    user: UserId,
    only: Option<ConversationId>,
) -> Result<Vec<UnsentText>> {
    let mut found = feed.answers.unsent(user, only, &HashMap::new(), usize::MAX);
    found.retain(|growth| feed.answers.remote_bytes(user, growth.message).is_none());
    let mut connection = store.connection().await?;
    for (message, conversation) in answer_parts::growing(&mut connection, user).await? {
        let is_known = found.iter().any(|growth| growth.message == message);
        if !is_known && only.is_none_or(|id| id == conversation) {
            let text = answer_parts::text_from(&mut connection, user, message, 0).await?;
            found.push(run_blocking(move || from_text(message, &text)).await);
        }
    }
    Ok(found)
}

fn from_text(message: MessageId, text: &str) -> UnsentText {
    let found = BlockFinder::default().grow(text).into_iter();
    let blocks: Vec<AnswerBlock> = found
        .map(|block| AnswerBlock {
            html: block.render(&text[block.range.clone()]).into(),
            up_to: block.range.end,
        })
        .collect();
    let offset = blocks.last().map_or(0, |block| block.up_to);
    UnsentText {
        message,
        first: 0,
        blocks,
        offset,
        text: text[offset..].to_owned(),
    }
}
