//! Why an entry does not expire.

use super::vocabulary::vocabulary;

vocabulary! {
    /// Who keeps an entry from expiring. Where several do, its owner's word on the entry is told
    /// before an admin's hold, and that before the conversation.
    KeptBy {
        /// Its owner keeps the entry itself.
        Entry = "entry",
        /// Its owner keeps the conversation.
        Conversation = "conversation",
        /// An admin holds the conversation or the person.
        Hold = "hold",
    }
}
