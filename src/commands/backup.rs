//! `holly backup` and `holly restore`.

use super::{Failure, copy::sqlite_file, print_line};
use holly::{
    domain::time::Timestamp,
    server::{
        archive::{Archive, Tiers, erasure_log::repair},
        base::{clock::Clock, data_dir::DataDir},
        retention::{
            report::RestoreReport,
            restore::{after_restore, check_archive},
        },
        state::{config::Config, open_tiers},
        store::Store,
    },
};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct RestoreCommand {
    /// Backup of a SQLite database
    ///
    /// It replaces the database, which is kept beside it under another name.
    #[arg(required_unless_present = "in_place", conflicts_with = "in_place")]
    file: Option<PathBuf>,
    /// The backup is in place already, such as after pg_restore
    #[arg(long)]
    in_place: bool,
    /// Give up entries whose objects are missing from the archive, however many
    #[arg(long)]
    without_archive: bool,
}

/// `holly backup FILE`.
pub async fn backup(config: &Config, file: &Path) -> Result<(), Failure> {
    if file.exists() {
        return Err(format!("{} already exists; name a new file", file.display()).into());
    }
    if let Some(database) = sqlite_file(&config.database_url).filter(|database| !database.is_file())
    {
        return Err(format!("DATABASE_URL: there is no database {}", database.display()).into());
    }
    let store = Store::open_with_pooler(&config.database_url, &config.listen_url).await?;
    store
        .backup(file.to_str().ok_or("the file's name must be UTF-8")?)
        .await?;
    store.close().await;
    print_line(&format!("backed up to {}", file.display()));
    Ok(())
}

/// `holly restore …`.
pub async fn restore(config: &Config, command: RestoreCommand) -> Result<(), Failure> {
    let _lock = DataDir::take(&config.data_dir)?;
    let now = Clock::system().now();
    let (restored, replaced) = match &command.file {
        Some(file) => replace_database(config, file, &command, now).await?,
        None => (finish_restore(config, &command, now).await?, String::new()),
    };
    print_line(&format!(
        "restored; {} erased again, {} objects added to the manifest, {} missing{replaced}",
        restored.erased, restored.adopted, restored.missing,
    ));
    Ok(())
}

/// Replaces the database with a backup and keeps it beside the backup under another name, which is
/// returned as the end of a sentence.
async fn replace_database(
    config: &Config,
    file: &Path,
    command: &RestoreCommand,
    now: Timestamp,
) -> Result<(RestoreReport, String), Failure> {
    let database = sqlite_file(&config.database_url).ok_or(
        "restore a PostgreSQL database with pg_restore, then run `holly restore --in-place`",
    )?;
    if !file.is_file() {
        return Err(format!("there is no backup {}", file.display()).into());
    }
    let copy = PathBuf::from(format!("{}.restoring", database.display()));
    for ending in ["", "-wal", "-shm"] {
        let leftover = PathBuf::from(format!("{}{ending}", copy.display()));
        if leftover.exists() {
            std::fs::remove_file(leftover)?;
        }
    }
    // copied first: opening the database may replace a backup that a migration made
    std::fs::copy(file, &copy)?;
    if database.is_file()
        && let Err(why) = list_erasures(config, now).await
    {
        print_line(&format!(
            "erasures of the last minutes cannot be read from the replaced database: {why}"
        ));
    }
    let url = format!("sqlite://{}", copy.display());
    let copy_config = Config {
        database_url: url.clone(),
        listen_url: url,
        ..config.clone()
    };
    let restored = finish_restore(&copy_config, command, now).await?;
    let old = format!("{}.before-{}", database.display(), now.millis());
    swap(&database, &copy, &old)?;
    Ok((restored, format!("; the replaced database is {old}")))
}

/// Brings the archive's erasure log up to date from the database that is replaced, and repairs its
/// damaged files.
async fn list_erasures(config: &Config, now: Timestamp) -> Result<(), Failure> {
    let tiers = Tiers {
        store: Store::open_without_backup(&config.database_url, &config.listen_url).await?,
        archive: Archive::open(&config.retention.archive_url)?,
    };
    let repaired = repair(&tiers, now).await?;
    tiers.store.close().await;
    if repaired > 0 {
        print_line(&format!(
            "rewrote {repaired} damaged files of the archive's erasure log from the replaced \
             database"
        ));
    }
    Ok(())
}

/// Prepares a restored database for serving. After an interruption it is run again from the start.
async fn finish_restore(
    config: &Config,
    command: &RestoreCommand,
    now: Timestamp,
) -> Result<RestoreReport, Failure> {
    // not backed up before a migration: it is a backup
    let store = Store::open_without_backup(&config.database_url, &config.listen_url).await?;
    store.begin_new_epoch().await?;
    store.close().await;
    let tiers = open_tiers(config).await?;
    if !command.without_archive {
        check_archive(&tiers).await?;
    }
    let restored = after_restore(&tiers, now).await?;
    tiers.store.vacuum().await?;
    tiers.store.close().await;
    Ok(restored)
}

/// Replaces the database with `copy` and keeps its files under the name `old`.
fn swap(database: &Path, copy: &Path, old: &str) -> std::io::Result<()> {
    if database.exists() {
        std::fs::hard_link(database, old)?;
    }
    for ending in ["-wal", "-shm"] {
        let beside = PathBuf::from(format!("{}{ending}", database.display()));
        if beside.exists() {
            std::fs::rename(&beside, format!("{old}{ending}"))?;
        }
    }
    std::fs::rename(copy, database)
}
