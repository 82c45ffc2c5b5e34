//! What a new turn must fit in, checked in the transaction that begins it and holds its owner's
//! lock: of two that come at once to different processes, the second sees the first.

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

/// How soon it is worth trying again while other turns run, in seconds: most answers take longer.
const TURNS_AGAIN_S: u64 = 5;

/// Bounds of one person; 0 means none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TurnLimits {
    /// Turns at once.
    pub turns: usize,
    /// Bytes of files sent in a UTC day.
    pub upload_bytes_a_day: i64,
    /// Bytes of all files.
    pub file_bytes: i64,
}

impl TurnLimits {
    /// Lets a turn with these new files begin, and counts them. The caller holds the owner's lock.
    /// Errors: `NotFound` for who was disabled meanwhile, `TooMany`, `Refused` when the files do
    /// not fit.
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
            let why = format!(
                "{running} answers are being written for you, which is as many as may be at once; wait for one or stop it"
            );
            return Err(Error::TooMany {
                after_s: TURNS_AGAIN_S,
                why,
            });
        }
        let bytes: i64 = new.iter().map(|file| file.bytes).sum();
        if bytes == 0 {
            return Ok(());
        }
        self.check_day(tx, now, user, bytes).await?;
        check_room(tx, "attachment", self.file_bytes, user, bytes).await
    }

    async fn check_day(
        &self,
        tx: &mut Tx<'_>,
        now: Timestamp,
        user: UserId,
        bytes: i64,
    ) -> Result<()> {
        if self.upload_bytes_a_day == 0 {
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
        if used <= self.upload_bytes_a_day {
            return Ok(());
        }
        let (left, most) = (
            megabytes(self.upload_bytes_a_day - used + bytes),
            megabytes(self.upload_bytes_a_day),
        );
        let why = format!(
            "of the {most} of files that you may send in a day, {left} are left; the day ends at midnight UTC"
        );
        Err(Error::TooMany {
            after_s: daily_tokens::until_midnight_s(now),
            why,
        })
    }
}

/// Refuses files of `bytes` that would not fit in the `most` that all files of a person may take;
/// `field` names them.
pub async fn check_room(
    connection: &mut AnyConnection,
    field: &str,
    most: i64,
    user: UserId,
    bytes: i64,
) -> Result<()> {
    let used = if most == 0 {
        0
    } else {
        files::bytes_of(connection, user).await?
    };
    if most == 0 || used + bytes <= most {
        return Ok(());
    }
    let why = format!(
        "does not fit: your files take {} of {}; delete conversations whose files you do not need any more",
        megabytes(used),
        megabytes(most)
    );
    Err(Error::refused(field, why))
}

fn megabytes(bytes: i64) -> String {
    format!("{:.1} MB", bytes.max(0) as f64 / 1e6)
}
