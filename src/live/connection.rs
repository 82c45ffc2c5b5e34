//! How a page stands to its owner's feed, in the words that a person is shown.

/// How rows reach this page just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connection {
    /// On the way; also what the server renders.
    #[default]
    Connecting,
    /// Rows arrive as they are committed.
    Live,
    /// The last try failed; the next one is set.
    Retrying {
        /// How many tries in a row have failed; at least 1.
        attempt: u32,
        /// When the next one begins, in milliseconds of the browser's clock (`Date.now()`).
        at_ms: i64,
    },
    /// Streaming does not work here; rows are asked for every few seconds.
    Polling,
    /// The browser says that it has no network.
    Offline,
    /// Nobody is signed in any more. Only a new page helps.
    SignedOut,
}
