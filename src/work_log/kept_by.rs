//! Why an entry does not expire.

use super::vocabulary::vocabulary;

vocabulary! {
    /// Who keeps an entry from expiring. Where several do, the first of these is told: it is what its reader can change.
    KeptBy {
        /// Its owner keeps the entry itself.
        Entry = "entry",
        /// Its owner keeps the conversation.
        Conversation = "conversation",
        /// An admin holds the conversation or the person.
        Hold = "hold",
    }
}
