//! How much of the work log is expanded. Chosen in the settings, stored in a cookie, rendered by
//! the server.

crate::domain::vocabulary! {
    /// How much of the work log is expanded by default.
    #[derive(Default)]
    Detail {
        /// Only failed or running entries; answers still show their facts.
        Quiet = "quiet",
        /// Successful work folds into one line.
        #[default]
        Normal = "normal",
        /// Nothing folds, and every entry is expanded.
        All = "all",
    }
}
