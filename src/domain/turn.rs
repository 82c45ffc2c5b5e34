//! What sending a message answers.

use super::ids::{ConversationId, TurnId};
use serde::{Deserialize, Serialize};

/// Where a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMessage {
    /// The conversation it stands in; a new one when none was named.
    pub conversation_id: ConversationId,
    /// The turn that answers it.
    pub turn_id: TurnId,
}
