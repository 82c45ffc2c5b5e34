//! `holly backup` and `holly restore`.

use super::{Failure, copy::sqlite_file, say};
use holly::{
    domain::time::Timestamp,
    server::{
        archive::{Archive, Tiers, erasure_log::repair},
        base::{clock::Clock, data_dir::DataDir},
        retention::{
            report::RestoreReport,
            restore::{after_restore, check_archive},
        },
        state::{config::Config, open_retention},
        store::Store,
    },
};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct RestoreCommand {
    /// The backup of a SQLite database; it takes the place of the database, which stays beside it
    /// under another name.
    #[arg(required_unless_present = "in_place", conflicts_with = "in_place")]
    file: Option<PathBuf>,
    /// The backup is in place, such as after pg_restore.
    #[arg(long)]
    in_place: bool,
    /// Give up the entries whose objects the archive does not have, however many.
    #[arg(long)]
    without_archive: bool,
}

/// `holly backup FILE`.
pub async fn backup(config: &Config, file: &Path) -> Result<(), Failure> {
    if file.exists() {
        return Err(format!("{} is there already", file.display()).into());
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
    say(&format!("backed up to {}", file.display()));
    Ok(())
}

/// `holly restore …`.
pub async fn restore(config: &Config, command: RestoreCommand) -> Result<(), Failure> {
    let _alone = DataDir::take(&config.data_dir)?;
    let now = Clock::system().now();
    let (restored, kept) = match &command.file {
        Some(file) => replace(config, file, &command, now).await?,
        None => (make_fit(config, &command, now).await?, String::new()),
    };
    say(&format!(
        "restored; {} erased again, {} objects listed anew, {} gone{kept}",
        restored.erased, restored.adopted, restored.missing,
    ));
    Ok(())
}

/// Puts a backup in place of the database, which stays beside it under another name. Returns where,
/// too.
async fn replace(
    config: &Config,
    file: &Path,
    command: &RestoreCommand,
    now: Timestamp,
) -> Result<(RestoreReport, String), Failure> {
    let database = sqlite_file(&config.database_url)
        .ok_or("a PostgreSQL database is restored with pg_restore; make it fit to be served with `holly restore --in-place` then")?;
    if !file.is_file() {
        return Err(format!("there is no backup {}", file.display()).into());
    }
    let ready = PathBuf::from(format!("{}.restoring", database.display()));
    for ending in ["", "-wal", "-shm"] {
        let left = PathBuf::from(format!("{}{ending}", ready.display()));
        if left.exists() {
            std::fs::remove_file(left)?;
        }
    }
    // first of all: opening the database may replace a copy that a migration made
    std::fs::copy(file, &ready)?;
    if database.is_file()
        && let Err(why) = list_erasures(config, now).await
    {
        say(&format!(
            "what was erased in the last minutes cannot be read from the database that is replaced: \
             {why}"
        ));
    }
    let url = format!("sqlite://{}", ready.display());
    let beside = Config {
        database_url: url.clone(),
        listen_url: url,
        ..config.clone()
    };
    let restored = make_fit(&beside, command, now).await?;
    let old = format!("{}.before-{}", database.display(), now.millis());
    swap(&database, &ready, &old)?;
    Ok((restored, format!("; what was there is {old}")))
}

/// Brings the archive's list of erasures up to date from the database that is to be replaced, and
/// repairs it.
async fn list_erasures(config: &Config, now: Timestamp) -> Result<(), Failure> {
    let tiers = Tiers {
        store: Store::open_without_backup(&config.database_url, &config.listen_url).await?,
        archive: Archive::open(&config.retention.archive_url)?,
    };
    let mended = repair(&tiers, now).await?;
    tiers.store.close().await;
    if mended > 0 {
        say(&format!(
            "{mended} damaged files of the archive's list of erasures were written anew from the database that is replaced"
        ));
    }
    Ok(())
}

/// Makes a backup fit to be served. Where it breaks off it is done again from the beginning.
async fn make_fit(
    config: &Config,
    command: &RestoreCommand,
    now: Timestamp,
) -> Result<RestoreReport, Failure> {
    // it is a backup itself
    let store = Store::open_without_backup(&config.database_url, &config.listen_url).await?;
    store.begin_new_epoch().await?;
    store.close().await;
    let tiers = open_retention(config).await?;
    if !command.without_archive {
        check_archive(&tiers).await?;
    }
    let restored = after_restore(&tiers, now).await?;
    tiers.store.vacuum().await?;
    tiers.store.close().await;
    Ok(restored)
}

/// Puts `ready` in place of the database, whose files stay under the name `old`.
fn swap(database: &Path, ready: &Path, old: &str) -> std::io::Result<()> {
    if database.exists() {
        std::fs::hard_link(database, old)?;
    }
    for ending in ["-wal", "-shm"] {
        let beside = PathBuf::from(format!("{}{ending}", database.display()));
        if beside.exists() {
            std::fs::rename(&beside, format!("{old}{ending}"))?;
        }
    }
    std::fs::rename(ready, database)
}
