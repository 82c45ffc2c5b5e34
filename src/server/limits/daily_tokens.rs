//! Daily token limit. Input tokens are counted before a model is called, so that a stopped answer
//! is not free; at the end, the provider's numbers replace the estimate. The limit is exceeded by
//! at most the cost of one answer.

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

/// The number of tokens that a user may use in a UTC day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DailyTokens {
    /// Input and output tokens; 0 for no limit.
    pub per_day: i64,
}

impl DailyTokens {
    /// Errors: `TooMany` if the user's tokens for the day are used up.
    pub async fn check(&self, store: &Store, now: Timestamp, user: UserId) -> Result<()> {
        if self.per_day == 0
            || daily_use::on_day(&mut *store.connection().await?, now, user)
                .await?
                .tokens
                < self.per_day
        {
            return Ok(());
        }
        Err(Error::TooMany {
            after_s: until_midnight_s(now),
            why: self.exhausted_message(now),
        })
    }

    /// Counts tokens (negative to correct an estimate) and returns the day's sum. Without a limit
    /// nothing is counted.
    pub async fn count(
        &self,
        store: &Store,
        now: Timestamp,
        user: UserId,
        tokens: i64,
    ) -> Result<i64> {
        if self.per_day == 0 {
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

    /// Whether the last `tokens` of the day's sum exceeded the limit.
    pub const fn exhausted_by(&self, tokens: i64, sum: i64) -> bool {
        self.per_day > 0 && sum >= self.per_day && sum - tokens < self.per_day
    }

    /// The message for the user.
    pub fn exhausted_message(&self, now: Timestamp) -> String {
        let (minutes, limit) = (until_midnight_s(now).div_ceil(60), grouped(self.per_day));
        let (hours, minutes) = (minutes / 60, minutes % 60);
        format!(
            "your {limit} tokens for today are used up; \
             there are new ones at midnight UTC, in {hours} h {minutes} min"
        )
    }
}

/// Seconds until the end of the UTC day of `now`, at least one.
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
    fn the_message_has_the_limit_and_the_time() {
        let at = Timestamp::from_millis(20_000 * DAY_MS + DAY_MS - 11_520_000);
        assert_eq!(until_midnight_s(at), 11_520);
        let message = DailyTokens { per_day: 1_234_567 }.exhausted_message(at);
        assert_eq!(
            message,
            "your 1,234,567 tokens for today are used up; \
             there are new ones at midnight UTC, in 3 h 12 min"
        );
        assert_eq!(
            until_midnight_s(Timestamp::from_millis(20_000 * DAY_MS - 1)),
            1
        );
    }
}
