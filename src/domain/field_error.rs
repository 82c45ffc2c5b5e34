//! A field of a request that is not valid.

/// A rejected field and the reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// The field's name as sent.
    pub field: String,
    /// What the value must be.
    pub reason: String,
}
