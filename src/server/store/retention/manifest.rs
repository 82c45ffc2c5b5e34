//! The manifest entry of an object: enough to find its entries, to subtract them from the totals
//! and to expire them without reading the object.

use crate::{
    domain::{
        LogType, Status, StorageStatus,
        ids::{ConversationId, EntryId, UserId},
        time::Timestamp,
    },
    server::{
        base::error::StoreError,
        store::{
            Result, from_json, parse_column, parse_optional,
            stats::{Changes, EntryTotals},
            work_logs::StoredEntry,
        },
    },
};

/// An object of the archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The owner.
    pub user_id: UserId,
    /// Its key.
    pub key: String,
    /// The conversation, if any.
    pub conversation_id: Option<ConversationId>,
    /// The UTC day of its entries.
    pub day: i64,
    /// Cold or archived.
    pub tier: StorageStatus,
    /// Whether the owner keeps each of its entries.
    pub kept: bool,
    /// Totals of the counted entries by type and status.
    pub totals: Vec<(LogType, Status, EntryTotals)>,
    /// Original size of all entries in it, including tombstones, in bytes.
    pub bytes: i64,
    /// Size of the object in bytes.
    pub stored_bytes: i64,
    /// Hex SHA-256 of its bytes.
    pub sha256: String,
    /// The lowest and the highest entry id.
    pub ids: (EntryId, EntryId),
    /// Creation times of the oldest and the newest entry.
    pub made: (Timestamp, Timestamp),
    /// When it was written.
    pub archived_at: Timestamp,
}

impl Manifest {
    /// The manifest of an object with these entries, oldest first; `None` without entries. `stored`
    /// is size and SHA-256.
    pub fn new(
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

    /// The totals of one entry, with its share of the object's size.
    pub fn totals_of(&self, entry: &StoredEntry) -> EntryTotals {
        let size = entry.size();
        let share =
            i128::from(size) * i128::from(self.stored_bytes) / i128::from(self.bytes.max(1));
        EntryTotals::new(
            size,
            i64::try_from(share).unwrap_or(0),
            entry.duration_ms,
            &entry.metadata,
        )
    }

    /// Adds (`sign` 1) or subtracts (`sign` -1) an entry.
    pub fn count(&mut self, entry: &StoredEntry, sign: i64) {
        let totals = self.totals_of(entry);
        match self
            .totals
            .iter_mut()
            .find(|(kind, status, _)| (*kind, *status) == (entry.log_type, entry.status))
        {
            Some((_, _, sum)) => *sum = sum.plus(totals, sign),
            None => self.totals.push((
                entry.log_type,
                entry.status,
                EntryTotals::default().plus(totals, sign),
            )),
        }
    }

    /// Number of counted entries.
    pub fn entries(&self) -> i64 {
        self.totals
            .iter()
            .map(|(_, _, totals)| totals.entries)
            .sum()
    }

    /// Adds (`sign` 1) or subtracts (`sign` -1) all its entries in its tier.
    pub fn count_all(&self, changes: &mut Changes, sign: i64) {
        for (kind, status, totals) in &self.totals {
            changes.count(
                (self.day, *kind, *status, self.tier.as_str()),
                *totals,
                sign,
            );
        }
    }

    /// Moves all its entries to the deleted ones.
    pub fn count_all_deleted(&self, changes: &mut Changes) {
        self.count_all(changes, -1);
        for (kind, status, totals) in &self.totals {
            changes.count_deleted((self.day, *kind, *status), *totals);
        }
    }
}

pub(super) const COLUMNS: &str = "user_id, key, conversation_id, day, tier, kept, bytes, \
    stored_bytes, sha256, totals, first_id, last_id, \
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
            user_id: parse_column("user_id", &self.user_id)?,
            key: self.key,
            conversation_id: parse_optional("conversation_id", self.conversation_id.as_deref())?,
            day: self.day,
            tier: parse_column("tier", &self.tier)?,
            kept: self.kept != 0,
            totals: from_json("totals", &self.totals)?,
            bytes: self.bytes,
            stored_bytes: self.stored_bytes,
            sha256: self.sha256,
            ids: (
                parse_column("first_id", &self.first_id)?,
                parse_column("last_id", &self.last_id)?,
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
