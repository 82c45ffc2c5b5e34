//! The colour theme. Chosen in the settings, stored in a cookie, rendered by the server.

crate::domain::vocabulary! {
    /// The theme chosen by the user; without one the system setting applies.
    Theme {
        /// Dark text on light ground.
        Light = "light",
        /// Light text on dark ground.
        Dark = "dark",
    }
}
