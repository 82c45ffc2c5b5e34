//! What a patch from outside may not change: reserved names in metadata, and of the entries of a
//! turn everything but `kept`.

use super::{EntryPatch, FieldError, WorkLogEntry, reserved::reserved_names};

/// What a patch from outside may not change in this entry.
pub fn refused_changes(entry: &WorkLogEntry, patch: &EntryPatch) -> Vec<FieldError> {
    if entry.turn_id.is_some() {
        return refused_in_turn(patch);
    }
    patch.metadata.as_ref().map_or_else(Vec::new, |fields| {
        reserved_names(fields, Some(&entry.metadata))
    })
}

/// Entries of a turn are written by the assistant; others may only keep them.
fn refused_in_turn(patch: &EntryPatch) -> Vec<FieldError> {
    let sent = [
        ("status", patch.status.is_some()),
        ("title", patch.title.is_some()),
        ("details", patch.details.is_some()),
        ("metadata", patch.metadata.is_some()),
        ("durationMs", patch.duration_ms.is_some()),
        ("leaseSeconds", patch.lease_ms.is_some()),
    ];
    let refused = |field: &str, reason: &str| FieldError {
        field: field.to_owned(),
        reason: reason.to_owned(),
    };
    let fields: Vec<_> = sent
        .into_iter()
        .filter(|(_, is_sent)| *is_sent)
        .map(|(name, _)| {
            refused(
                name,
                "cannot be changed in an entry of a turn, only `kept` can",
            )
        })
        .collect();
    if fields.is_empty() && patch.kept.is_none() {
        return vec![refused(
            "kept",
            "is required: it is all that can be changed in an entry of a turn",
        )];
    }
    fields
}
