//! Settings of retention: the archive, the ages at which entries change tier, and the secret with
//! which a scheduler starts a run.

use super::Policy;
use crate::server::base::secret::short_secret;
use clap::Args;
use std::path::Path;

/// Settings as given.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Archive and retention")]
pub struct RetentionSettings {
    /// Archive of older entries [default: file://$HOLLY_DATA_DIR/archive]
    ///
    /// file://FOLDER, or s3://BUCKET/PREFIX with the usual AWS_* variables. A bucket also stores
    /// the files of users and tools.
    #[arg(long, env = "HOLLY_ARCHIVE_URL")]
    pub archive_url: Option<String>,
    /// Age in days at which an entry is compressed in the database
    #[arg(
        long,
        env = "HOLLY_RETENTION_HOT_DAYS",
        default_value = "7",
        allow_hyphen_values = true
    )]
    pub retention_hot_days: String,
    /// Age in days at which an entry is moved to the archive
    #[arg(
        long,
        env = "HOLLY_RETENTION_WARM_DAYS",
        default_value = "30",
        allow_hyphen_values = true
    )]
    pub retention_warm_days: String,
    /// Age in days at which an entry that is not kept is deleted
    #[arg(
        long,
        env = "HOLLY_RETENTION_COLD_DAYS",
        default_value = "90",
        allow_hyphen_values = true
    )]
    pub retention_cold_days: String,
    /// Secret with which a scheduler starts a retention run
    ///
    /// Sent as `Authorization: Bearer SECRET`, at least 16 characters. Without it only admins may
    /// start a run over HTTP.
    #[arg(long, env = "CRON_SECRET", hide_env_values = true)]
    pub cron_secret: Option<String>,
}

/// Validated settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Archive of older entries: file://FOLDER or s3://BUCKET/PREFIX.
    pub archive_url: String,
    /// Ages at which entries change tier.
    pub policy: Policy,
    /// Secret with which a scheduler starts a run; `None`: admins only.
    pub cron_secret: Option<String>,
}

impl RetentionSettings {
    /// Validates every setting and adds its problems to `problems`.
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
                "HOLLY_ARCHIVE_URL is {archive_url:?}; it must be file://FOLDER or \
                 s3://BUCKET/PREFIX"
            ));
        }
        let cron_secret = self.cron_secret.clone().filter(|secret| !secret.is_empty());
        problems.extend(short_secret("CRON_SECRET", cron_secret.as_deref()));
        let policy = Policy::parse(
            &self.retention_hot_days,
            &self.retention_warm_days,
            &self.retention_cold_days,
        );
        let policy = policy.unwrap_or_else(|found| {
            problems.extend(found);
            Policy::default()
        });
        RetentionConfig {
            archive_url,
            policy,
            cron_secret,
        }
    }
}
