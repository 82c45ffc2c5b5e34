//! What the manifest knows of an object: enough to find its entries, to count them out and to
//! expire it without reading it.

use crate::{
    domain::{
        LogType, Status, StorageStatus,
        ids::{ConversationId, EntryId, UserId},
        time::Timestamp,
    },
    server::{
        base::error::StoreError,
        store::{
            Result, from_json, parsed, parsed_option,
            stats::{Changes, EntryTotals},
            work_logs::StoredEntry,
        },
    },
};

/// An object of the archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Whose.
    pub user_id: UserId,
    /// Its name.
    pub key: String,
    /// Of which conversation, if any.
    pub conversation_id: Option<ConversationId>,
    /// The UTC day of its entries.
    pub day: i64,
    /// Cold, or archived.
    pub tier: StorageStatus,
    /// Whether each entry in it is kept by its owner.
    pub kept: bool,
    /// Totals by type and status of the entries that count.
    pub totals: Vec<(LogType, Status, EntryTotals)>,
    /// Size of the entries as they were written, of all that lie in it.
    pub bytes: i64,
    /// Its own size.
    pub stored_bytes: i64,
    /// Hex SHA-256 of its bytes.
    pub sha256: String,
    /// The ids it reaches from and to.
    pub ids: (EntryId, EntryId),
    /// When its oldest and its newest entry were made.
    pub made: (Timestamp, Timestamp),
    /// When it was put.
    pub archived_at: Timestamp,
}

impl Manifest {
    /// The manifest of an object with these entries, oldest first. `None` without any.
    pub fn of(
        key: &str,
        entries: &[StoredEntry],
        stored: (i64, String),
        now: Timestamp,
    ) -> Option<Self> {
        let (first, last) = (entries.first()?, entries.last()?);
        let mut manifest = Self {
            user_id: first.user_id,
            key: key.to_owned(),
            conversation_id: first.conversation_id,
            day: first.timestamp.day(),
            tier: StorageStatus::Cold,
            kept: entries.iter().all(|entry| entry.kept_at.is_some()),
            totals: Vec::new(),
            bytes: entries.iter().map(StoredEntry::size).sum(),
            stored_bytes: stored.0,
            sha256: stored.1,
            ids: (first.id, last.id),
            made: (
                entries.iter().map(|entry| entry.timestamp).min()?,
                entries.iter().map(|entry| entry.timestamp).max()?,
            ),
            archived_at: now,
        };
        manifest.tier = if manifest.kept {
            StorageStatus::Archived
        } else {
            StorageStatus::Cold
        };
        entries.iter().for_each(|entry| manifest.count(entry, 1));
        Some(manifest)
    }

    /// An entry's share of the object's bytes.
    pub fn figures(&self, entry: &StoredEntry) -> EntryTotals {
        let size = entry.size();
        let share =
            i128::from(size) * i128::from(self.stored_bytes) / i128::from(self.bytes.max(1));
        EntryTotals::of(
            size,
            i64::try_from(share).unwrap_or(0),
            entry.duration_ms,
            &entry.metadata,
        )
    }

    /// Counts an entry in (`sign` 1) or out (`sign` -1) of the totals.
    pub fn count(&mut self, entry: &StoredEntry, sign: i64) {
        let figures = self.figures(entry);
        match self
            .totals
            .iter_mut()
            .find(|(kind, status, _)| (*kind, *status) == (entry.log_type, entry.status))
        {
            Some((_, _, sum)) => *sum = sum.plus(figures, sign),
            None => self.totals.push((
                entry.log_type,
                entry.status,
                EntryTotals::default().plus(figures, sign),
            )),
        }
    }

    /// How many entries count.
    pub fn entries(&self) -> i64 {
        self.totals
            .iter()
            .map(|(_, _, figures)| figures.entries)
            .sum()
    }

    /// Counts all its entries in (`sign` 1) or out (`sign` -1) of its tier.
    pub fn shift(&self, changes: &mut Changes, sign: i64) {
        for (kind, status, figures) in &self.totals {
            changes.count(
                (self.day, *kind, *status, self.tier.as_str()),
                *figures,
                sign,
            );
        }
    }

    /// Counts all its entries as deleted.
    pub fn to_deleted(&self, changes: &mut Changes) {
        self.shift(changes, -1);
        for (kind, status, figures) in &self.totals {
            changes.count_deleted((self.day, *kind, *status), *figures);
        }
    }
}

pub(super) const COLUMNS: &str = "user_id, key, conversation_id, day, tier, kept, bytes, stored_bytes, sha256, totals, first_id, last_id, \
                                  first_at, last_at, archived_at";

#[derive(sqlx::FromRow)]
pub(super) struct ManifestRow {
    user_id: String,
    key: String,
    conversation_id: Option<String>,
    day: i64,
    tier: String,
    kept: i64,
    bytes: i64,
    stored_bytes: i64,
    sha256: String,
    totals: String,
    first_id: String,
    last_id: String,
    first_at: i64,
    last_at: i64,
    archived_at: i64,
}

impl ManifestRow {
    pub(super) fn read(self) -> Result<Manifest> {
        Ok(Manifest {
            user_id: parsed("user_id", &self.user_id)?,
            key: self.key,
            conversation_id: parsed_option("conversation_id", self.conversation_id.as_deref())?,
            day: self.day,
            tier: parsed("tier", &self.tier)?,
            kept: self.kept != 0,
            totals: from_json("totals", &self.totals)?,
            bytes: self.bytes,
            stored_bytes: self.stored_bytes,
            sha256: self.sha256,
            ids: (
                parsed("first_id", &self.first_id)?,
                parsed("last_id", &self.last_id)?,
            ),
            made: (
                Timestamp::from_millis(self.first_at),
                Timestamp::from_millis(self.last_at),
            ),
            archived_at: Timestamp::from_millis(self.archived_at),
        })
    }
}

pub(super) fn totals_json(manifest: &Manifest) -> Result<String> {
    serde_json::to_string(&manifest.totals).map_err(|why| StoreError::Corrupt {
        what: "totals",
        why: why.to_string(),
    })
}
