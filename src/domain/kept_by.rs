//! Why an entry is kept.

use super::vocabulary::vocabulary;

vocabulary! {
    /// Why an entry does not expire. If several apply, the owner's choice for the entry comes
    /// before a hold, and a hold before the conversation.
    KeptBy {
        /// Its owner keeps the entry itself.
        Entry = "entry",
        /// Its owner keeps the conversation.
        Conversation = "conversation",
        /// An admin placed a hold on the conversation or the user.
        Hold = "hold",
    }
}
