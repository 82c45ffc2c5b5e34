//! Settings of limits. 0 always means no limit.

use super::TurnLimits;
use clap::Args;

/// Bytes in a megabyte of the settings.
const MB: i64 = 1_000_000;

/// Settings as given.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitSettings {
    /// Entries, conversations and keys a user may create per minute; 0: no limit
    #[arg(long, env = "HOLLY_RATE_LIMIT_PER_MINUTE", default_value = "60")]
    pub rate_limit_per_minute: String,
    /// Messages a user may send or regenerate per minute; 0: no limit
    #[arg(long, env = "HOLLY_MESSAGES_PER_MINUTE", default_value = "60")]
    pub messages_per_minute: String,
    /// Files a user may upload per minute; 0: no limit
    #[arg(long, env = "HOLLY_UPLOADS_PER_MINUTE", default_value = "60")]
    pub uploads_per_minute: String,
    /// Other requests of a user per minute; 0: no limit
    #[arg(long, env = "HOLLY_REQUESTS_PER_MINUTE", default_value = "1200")]
    pub requests_per_minute: String,
    /// Streams a user may have open at once; 0: no limit
    #[arg(long, env = "HOLLY_MAX_STREAMS", default_value = "8")]
    pub max_streams: String,
    /// Answers a user may have in progress at once; 0: no limit
    #[arg(long, env = "HOLLY_MAX_TURNS", default_value = "20")]
    pub max_turns: String,
    /// Input and output tokens a user may use per UTC day; 0: no limit
    #[arg(long, env = "HOLLY_TOKENS_PER_DAY", default_value = "2000000")]
    pub tokens_per_day: String,
    /// Megabytes a user may upload per UTC day; 0: no limit
    #[arg(long, env = "HOLLY_MAX_UPLOAD_MB_PER_DAY", default_value = "500")]
    pub max_upload_mb_per_day: String,
    /// Megabytes a user's files may take, uploaded or made by tools; 0: no limit
    #[arg(long, env = "HOLLY_MAX_FILES_MB", default_value = "5000")]
    pub max_files_mb: String,
}

/// Validated settings. 0 means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitConfig {
    /// Entries, conversations and keys created over HTTP per minute.
    pub creates_per_minute: u32,
    /// Messages per minute.
    pub messages_per_minute: u32,
    /// Uploads per minute.
    pub uploads_per_minute: u32,
    /// Requests per minute to what has no limit of its own.
    pub requests_per_minute: u32,
    /// Open streams.
    pub max_streams: usize,
    /// Tokens per UTC day.
    pub tokens_per_day: i64,
    /// Limits of a new turn.
    pub bounds: TurnLimits,
}

impl LimitSettings {
    /// Validates every setting and adds its problems to `problems`.
    pub fn check(&self, problems: &mut Vec<String>) -> LimitConfig {
        let mut number = |name: &str, text: &str, max: u32| match text
            .parse()
            .ok()
            .filter(|number| *number <= max)
        {
            Some(number) => number,
            None => {
                problems.push(format!(
                    "{name} is {text:?}; it must be a whole number from 0 to {max}"
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
            requests_per_minute: number(
                "HOLLY_REQUESTS_PER_MINUTE",
                &self.requests_per_minute,
                1_000_000,
            ),
            max_streams: number("HOLLY_MAX_STREAMS", &self.max_streams, 100_000) as usize,
            tokens_per_day: number("HOLLY_TOKENS_PER_DAY", &self.tokens_per_day, 2_000_000_000)
                .into(),
            bounds: TurnLimits {
                turns: number("HOLLY_MAX_TURNS", &self.max_turns, 10_000) as usize,
                upload_bytes_per_day: i64::from(number(
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
