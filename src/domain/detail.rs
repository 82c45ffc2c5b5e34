//! How much of the work a reader has in sight. Chosen in the settings, kept in a cookie, drawn by
//! the server.

crate::domain::vocabulary! {
    /// How much of the work is in sight without being asked for.
    #[derive(Default)]
    Detail {
        /// Only what failed or is going on, and under an answer its facts.
        Quiet = "quiet",
        /// What went well folds into one line.
        #[default]
        Normal = "normal",
        /// Nothing folds, and every entry is open.
        All = "all",
    }
}
