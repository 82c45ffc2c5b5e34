//! The answer to a sent message.

use super::ids::{ConversationId, TurnId};
use serde::{Deserialize, Serialize};

/// The conversation and turn of a sent message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMessage {
    /// The conversation; a new one if none was given.
    pub conversation_id: ConversationId,
    /// The turn that answers it.
    pub turn_id: TurnId,
}
