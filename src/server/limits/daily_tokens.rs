//! Tokens in a day. What a model will read is counted before it is asked, so that an answer which
//! is stopped half way is not free; when it is done, the provider's own figures take the place of
//! that estimate. A limit is passed by at most what one answer costs.

use crate::{
    domain::{
        ids::UserId,
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::error::{Error, Result},
        store::{
            Store,
            daily_use::{self, DailyUse},
        },
    },
};

/// Tokens that a person may use in a UTC day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DailyTokens {
    /// Read and written; 0 for no limit.
    pub a_day: i64,
}

impl DailyTokens {
    /// Errors: `TooMany` when a person's tokens for the day are used up.
    pub async fn check(&self, store: &Store, now: Timestamp, user: UserId) -> Result<()> {
        if self.a_day == 0
            || daily_use::of(&mut *store.connection().await?, now, user)
                .await?
                .tokens
                < self.a_day
        {
            return Ok(());
        }
        Err(Error::TooMany {
            after_s: until_midnight_s(now),
            why: self.used_up(now),
        })
    }

    /// Counts tokens, or takes back what was counted too many, and returns the day's sum. Without a
    /// limit nothing is counted.
    pub async fn count(
        &self,
        store: &Store,
        now: Timestamp,
        user: UserId,
        tokens: i64,
    ) -> Result<i64> {
        if self.a_day == 0 {
            return Ok(0);
        }
        let mut tx = store.begin().await?;
        let sum = daily_use::add(
            &mut tx,
            now,
            user,
            DailyUse {
                tokens,
                ..DailyUse::default()
            },
        )
        .await?
        .tokens;
        tx.commit().await?;
        Ok(sum)
    }

    /// Whether the day's sum was brought over the limit by the last `tokens` of it.
    pub const fn used_up_by(&self, tokens: i64, sum: i64) -> bool {
        self.a_day > 0 && sum >= self.a_day && sum - tokens < self.a_day
    }

    /// What a person is told.
    pub fn used_up(&self, now: Timestamp) -> String {
        let (minutes, limit) = (until_midnight_s(now).div_ceil(60), grouped(self.a_day));
        let (hours, minutes) = (minutes / 60, minutes % 60);
        format!(
            "your {limit} tokens for today are used up; there are new ones at midnight UTC, in {hours} h {minutes} min"
        )
    }
}

/// Seconds until the UTC day of `now` is over, at least one.
pub(super) fn until_midnight_s(now: Timestamp) -> u64 {
    (DAY_MS - now.millis().rem_euclid(DAY_MS))
        .unsigned_abs()
        .div_ceil(1_000)
}

fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let groups = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_is_told_has_the_limit_and_the_time() {
        let at = Timestamp::from_millis(20_000 * DAY_MS + DAY_MS - 11_520_000);
        assert_eq!(until_midnight_s(at), 11_520);
        let said = DailyTokens { a_day: 1_234_567 }.used_up(at);
        assert_eq!(
            said,
            "your 1,234,567 tokens for today are used up; there are new ones at midnight UTC, in 3 h 12 min"
        );
        assert_eq!(
            until_midnight_s(Timestamp::from_millis(20_000 * DAY_MS - 1)),
            1
        );
    }
}
