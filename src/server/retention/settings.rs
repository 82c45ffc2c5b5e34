//! Settings of retention: the archive's location, the ages at which tiers end, and the secret to
//! start runs.

use super::Policy;
use clap::Args;
use std::path::Path;

/// Minimum length of the secret in characters.
const CRON_SECRET_MIN_LEN: usize = 16;

/// Unchecked settings.
#[derive(Debug, Clone, Args)]
pub struct RetentionSettings {
    /// Location of older entries: file://DIRECTORY, or s3://BUCKET/PREFIX (with the usual
    /// AWS_* variables), which then holds files too [default: file://$HOLLY_DATA_DIR/archive]
    #[arg(long, env = "HOLLY_ARCHIVE_URL")]
    pub archive_url: Option<String>,
    /// Age in days from which an entry is packed.
    #[arg(
        long,
        env = "HOLLY_RETENTION_HOT_DAYS",
        default_value = "7",
        allow_hyphen_values = true
    )]
    pub retention_hot_days: String,
    /// Age in days from which an entry is in the archive.
    #[arg(
        long,
        env = "HOLLY_RETENTION_WARM_DAYS",
        default_value = "30",
        allow_hyphen_values = true
    )]
    pub retention_warm_days: String,
    /// Age in days from which an entry is deleted, unless it is kept or held.
    #[arg(
        long,
        env = "HOLLY_RETENTION_COLD_DAYS",
        default_value = "90",
        allow_hyphen_values = true
    )]
    pub retention_cold_days: String,
    /// Secret that a scheduler sends as `Authorization: Bearer …` to start a run of retention, 16
    /// characters or more; without it only admins may.
    #[arg(long, env = "CRON_SECRET", hide_env_values = true)]
    pub cron_secret: Option<String>,
}

/// Checked settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Location of the archive: file://DIRECTORY or s3://BUCKET/PREFIX.
    pub archive_url: String,
    /// The ages at which tiers end.
    pub policy: Policy,
    /// The scheduler's secret to start a run; `None` allows admins only.
    pub cron_secret: Option<String>,
}

impl RetentionConfig {
    /// A warning if the secret is too short.
    pub fn short_cron_secret(&self) -> Option<String> {
        self.cron_secret
            .as_ref()
            .filter(|secret| secret.len() < CRON_SECRET_MIN_LEN)?;
        Some(format!(
            "has fewer than {CRON_SECRET_MIN_LEN} characters, so it could be guessed; take a \
             longer one"
        ))
    }
}

impl RetentionSettings {
    /// Checks all settings and appends problems to `problems`.
    pub fn check(&self, data_dir: &Path, problems: &mut Vec<String>) -> RetentionConfig {
        let archive_url = self
            .archive_url
            .clone()
            .unwrap_or_else(|| format!("file://{}", data_dir.join("archive").display()));
        if !["file://", "s3://"]
            .iter()
            .any(|scheme| archive_url.len() > scheme.len() && archive_url.starts_with(scheme))
        {
            problems.push(format!(
                "HOLLY_ARCHIVE_URL is {archive_url:?}; it must be file://DIRECTORY \
                 or s3://BUCKET/PREFIX"
            ));
        }
        let cron_secret = self.cron_secret.clone().filter(|secret| !secret.is_empty());
        let policy = Policy::parse(
            &self.retention_hot_days,
            &self.retention_warm_days,
            &self.retention_cold_days,
        );
        let policy = policy.unwrap_or_else(|more| {
            problems.extend(more);
            Policy::default()
        });
        RetentionConfig {
            archive_url,
            policy,
            cron_secret,
        }
    }
}
