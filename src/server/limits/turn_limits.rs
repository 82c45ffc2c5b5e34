//! Limits on a new turn, checked in the transaction that starts it and holds its owner's lock, so
//! that of two concurrent requests to different processes the second sees the first.

use crate::{
    domain::{MediaFile, ids::UserId, time::Timestamp},
    server::{
        base::error::{Error, Result},
        limits::daily_tokens,
        store::{
            Tx,
            daily_use::{self, DailyUse},
            files, people, turns,
        },
    },
};
use sqlx::AnyConnection;

/// `Retry-After` while other turns run, in seconds: most answers take longer.
const TURNS_RETRY_AFTER_S: u64 = 5;

/// Limits per user; 0 means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TurnLimits {
    /// Concurrent turns.
    pub turns: usize,
    /// Bytes of uploads in a UTC day.
    pub upload_bytes_per_day: i64,
    /// Bytes of all files.
    pub file_bytes: i64,
}

impl TurnLimits {
    /// Admits a turn with these new files and counts them. The caller holds the owner's lock.
    /// Errors: `NotFound` if the account was disabled meanwhile, `TooMany`, `Refused` if the files
    /// exceed the quota.
    pub async fn admit(
        &self,
        tx: &mut Tx<'_>,
        now: Timestamp,
        user: UserId,
        new: &[MediaFile],
    ) -> Result<()> {
        if !people::is_enabled(tx, user).await? {
            return Err(Error::NotFound("account"));
        }
        let running = if self.turns == 0 {
            0
        } else {
            turns::running(tx, user).await?.len()
        };
        if running > 0 && running >= self.turns {
            let answers = if running == 1 { "answer" } else { "answers" };
            let why = format!(
                "you already have {running} {answers} in progress (the limit); \
                 wait for one or stop it"
            );
            return Err(Error::TooMany {
                after_s: TURNS_RETRY_AFTER_S,
                why,
            });
        }
        let bytes: i64 = new.iter().map(|file| file.bytes).sum();
        if bytes == 0 {
            return Ok(());
        }
        self.check_daily_uploads(tx, now, user, bytes).await?;
        check_file_quota(tx, "attachment", self.file_bytes, user, bytes).await
    }

    async fn check_daily_uploads(
        &self,
        tx: &mut Tx<'_>,
        now: Timestamp,
        user: UserId,
        bytes: i64,
    ) -> Result<()> {
        if self.upload_bytes_per_day == 0 {
            return Ok(());
        }
        let used = daily_use::add(
            tx,
            now,
            user,
            DailyUse {
                upload_bytes: bytes,
                ..DailyUse::default()
            },
        )
        .await?
        .upload_bytes;
        if used <= self.upload_bytes_per_day {
            return Ok(());
        }
        let (left, limit) = (
            megabytes(self.upload_bytes_per_day - used + bytes),
            megabytes(self.upload_bytes_per_day),
        );
        let why = format!(
            "you have {left} of your daily {limit} of uploads left; the day ends at midnight UTC"
        );
        Err(Error::TooMany {
            after_s: daily_tokens::until_midnight_s(now),
            why,
        })
    }
}

/// Returns an error if `bytes` of new files would exceed the user's quota of `max` bytes (0 for no
/// limit); `field` is the field of the error.
pub async fn check_file_quota(
    connection: &mut AnyConnection,
    field: &str,
    max: i64,
    user: UserId,
    bytes: i64,
) -> Result<()> {
    let used = if max == 0 {
        0
    } else {
        files::bytes_of(connection, user).await?
    };
    if max == 0 || used + bytes <= max {
        return Ok(());
    }
    let why = format!(
        "exceeds your storage: your files take {} of {}; \
         delete conversations whose files you do not need any more",
        megabytes(used),
        megabytes(max)
    );
    Err(Error::refused(field, why))
}

fn megabytes(bytes: i64) -> String {
    format!("{:.1} MB", bytes.max(0) as f64 / 1e6)
}
