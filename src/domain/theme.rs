//! Light or dark. Chosen in the settings, kept in a cookie, drawn by the server.

crate::domain::vocabulary! {
    /// The theme that a reader has chosen; without one the system decides.
    Theme {
        /// Dark text on light ground.
        Light = "light",
        /// Light text on dark ground.
        Dark = "dark",
    }
}
