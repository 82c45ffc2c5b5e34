//! The settings of limits. 0 always means no limit.

use super::TurnLimits;
use clap::Args;

/// Bytes of a megabyte, as settings count.
const MB: i64 = 1_000_000;

/// Settings as they are given.
#[derive(Debug, Clone, Args)]
pub struct LimitSettings {
    /// Entries, conversations and keys a person may make over HTTP in a minute; 0 for no limit.
    #[arg(long, env = "HOLLY_RATE_LIMIT_PER_MINUTE", default_value = "60")]
    pub rate_limit_per_minute: String,
    /// Messages a person may send, or have answered once more, in a minute; 0 for no limit.
    #[arg(long, env = "HOLLY_MESSAGES_PER_MINUTE", default_value = "60")]
    pub messages_per_minute: String,
    /// Files a person may send in a minute; 0 for no limit.
    #[arg(long, env = "HOLLY_UPLOADS_PER_MINUTE", default_value = "60")]
    pub uploads_per_minute: String,
    /// Streams a person may hold open at once; 0 for no limit.
    #[arg(long, env = "HOLLY_MAX_STREAMS", default_value = "8")]
    pub max_streams: String,
    /// Answers a person may have written at once; 0 for no limit.
    #[arg(long, env = "HOLLY_MAX_TURNS", default_value = "20")]
    pub max_turns: String,
    /// Tokens a person may use in a UTC day, read and written; 0 for no limit.
    #[arg(long, env = "HOLLY_TOKENS_PER_DAY", default_value = "2000000")]
    pub tokens_per_day: String,
    /// Megabytes of files a person may send in a UTC day; 0 for no limit.
    #[arg(long, env = "HOLLY_MAX_UPLOAD_MB_PER_DAY", default_value = "500")]
    pub max_upload_mb_per_day: String,
    /// Megabytes that all files of a person may take, sent or made by tools; 0 for no limit.
    #[arg(long, env = "HOLLY_MAX_FILES_MB", default_value = "5000")]
    pub max_files_mb: String,
}

/// Settings that make sense. 0 means no limit everywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitConfig {
    /// Entries, conversations and keys made over HTTP in a minute.
    pub creates_per_minute: u32,
    /// Messages in a minute.
    pub messages_per_minute: u32,
    /// Files sent in a minute.
    pub uploads_per_minute: u32,
    /// Streams at once.
    pub max_streams: usize,
    /// Tokens in a UTC day.
    pub tokens_per_day: i64,
    /// What a new turn must fit in.
    pub bounds: TurnLimits,
}

impl LimitSettings {
    /// Checks every setting and adds its problems to those of the others.
    pub fn check(&self, problems: &mut Vec<String>) -> LimitConfig {
        let mut number = |name: &str, text: &str, most: u32| match text
            .parse()
            .ok()
            .filter(|number| *number <= most)
        {
            Some(number) => number,
            None => {
                problems.push(format!(
                    "{name} is {text:?}; it must be a whole number from 0 to {most}"
                ));
                0
            }
        };
        LimitConfig {
            creates_per_minute: number(
                "HOLLY_RATE_LIMIT_PER_MINUTE",
                &self.rate_limit_per_minute,
                1_000_000,
            ),
            messages_per_minute: number(
                "HOLLY_MESSAGES_PER_MINUTE",
                &self.messages_per_minute,
                1_000_000,
            ),
            uploads_per_minute: number(
                "HOLLY_UPLOADS_PER_MINUTE",
                &self.uploads_per_minute,
                1_000_000,
            ),
            max_streams: number("HOLLY_MAX_STREAMS", &self.max_streams, 100_000) as usize,
            tokens_per_day: number("HOLLY_TOKENS_PER_DAY", &self.tokens_per_day, 2_000_000_000)
                .into(),
            bounds: TurnLimits {
                turns: number("HOLLY_MAX_TURNS", &self.max_turns, 10_000) as usize,
                upload_bytes_a_day: i64::from(number(
                    "HOLLY_MAX_UPLOAD_MB_PER_DAY",
                    &self.max_upload_mb_per_day,
                    1_000_000_000,
                )) * MB,
                file_bytes: i64::from(number(
                    "HOLLY_MAX_FILES_MB",
                    &self.max_files_mb,
                    1_000_000_000,
                )) * MB,
            },
        }
    }
}
