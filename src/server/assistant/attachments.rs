//! Files attached to a message: stored, and passed to models (text inside the message, pictures
//! beside it).

use super::{
    AssistantDeps,
    model::{PromptImage, PromptMessage},
};
use crate::{
    domain::{
        MediaFile, Message,
        ids::{FileId, UserId},
    },
    server::{
        base::{error::Result, log_targets, new_id},
        chat::{Attachment, TEXT},
    },
};
use std::collections::HashSet;

/// Maximum number of pictures sent to a model, newest first; older ones are only named.
const PICTURES_MAX: usize = 8;

/// Writes files to the file store. Their rows are written with the message.
pub(super) async fn store_files(
    deps: &AssistantDeps,
    user: UserId,
    attachments: Vec<Attachment>,
) -> Result<Vec<MediaFile>> {
    let now = deps.clock.now();
    let mut stored = Vec::new();
    for Attachment {
        name,
        media_type,
        bytes,
    } in attachments
    {
        let (id, size) = (
            new_id::file(now),
            i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        );
        stored.push(MediaFile {
            id,
            media_type: media_type.to_owned(),
            description: name.clone(),
            name,
            bytes: size,
        });
        if let Err(error) = deps.files.write(user, id, bytes).await {
            discard(deps, user, &stored).await;
            return Err(error.into());
        }
    }
    Ok(stored)
}

/// Deletes files whose message was not stored.
pub(super) async fn discard(deps: &AssistantDeps, user: UserId, files: &[MediaFile]) {
    let ids: Vec<FileId> = files.iter().map(|file| file.id).collect();
    if let Err(error) = deps.files.delete(user, &ids).await {
        tracing::error!(
            target: log_targets::ASSISTANT_ATTACHMENTS,
            %user, %error, "unused files could not be deleted; the daily sweep deletes them"
        );
    }
}

/// The pictures of a conversation that are sent to a model.
pub(super) fn recent_pictures(messages: &[Message]) -> HashSet<FileId> {
    let newest = messages
        .iter()
        .rev()
        .flat_map(|message| message.attachments.iter().rev());
    newest
        .filter(|file| file.media_type.starts_with("image/"))
        .take(PICTURES_MAX)
        .map(|file| file.id)
        .collect()
}

/// Converts a user's message for a model; `pictures_sent` are the pictures that are sent with it.
pub(super) async fn prompt_message(
    deps: &AssistantDeps,
    user: UserId,
    message: Message,
    pictures_sent: &HashSet<FileId>,
) -> PromptMessage {
    let (mut text, mut pictures) = (message.content, Vec::new());
    for file in message.attachments {
        if file.media_type != TEXT && !pictures_sent.contains(&file.id) {
            text.push_str(&format!(
                "\n\n[The user attached the picture “{}”, too long ago to be shown again.]",
                file.name
            ));
            continue;
        }
        match deps.files.read(user, file.id).await {
            Ok(bytes) if file.media_type == TEXT => {
                text.push_str(&format!(
                    "\n\n# Attached file “{}”\n\n{}",
                    file.name,
                    String::from_utf8_lossy(&bytes)
                ));
            }
            Ok(bytes) => pictures.push(PromptImage {
                media_type: file.media_type,
                name: file.name,
                bytes,
            }),
            Err(error) => {
                tracing::error!(
                    target: log_targets::ASSISTANT_ATTACHMENTS,
                    %user, file = %file.id, %error, "an attached file could not be read"
                );
                text.push_str(&format!(
                    "\n\n[The attached file “{}” could not be read.]",
                    file.name
                ));
            }
        }
    }
    PromptMessage::User(text, pictures)
}
