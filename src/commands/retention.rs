//! `holly retention`, `holly hold`, `holly archive`, `holly backup` and `holly restore`.

use super::{Failure, copy::sqlite_file, person, say};
use clap::Subcommand;
use holly::{
    ids::{ConversationId, UserId},
    server::{
        chat::sweep_files,
        clock::Clock,
        config::Config,
        data_dir::DataDir,
        file_store::FileStore,
        metrics::Metrics,
        retention::{
            Run, damage,
            dry_run::{MORE, dry_run},
            erased::mend,
            keeping, object,
            restoring::{Restored, after_restore, check_archive},
            worker::run_through,
        },
        state::{begin_retention, open_retention},
        store::{Store, retention::holds},
    },
    timestamp::Timestamp,
};
use std::path::{Path, PathBuf};

/// Passes of one `holly retention run`.
const PASSES: u32 = 10_000;

#[derive(Subcommand)]
pub enum RetentionCommand {
    /// Shows what a run would do, step by step, and changes nothing.
    Plan(AsOf),
    /// Carries out what is due.
    Run(AsOf),
}

#[derive(clap::Args)]
pub struct AsOf {
    /// The time by which entries age, such as 2027-01-31T00:00:00Z [default: now]
    #[arg(long)]
    as_of: Option<String>,
    /// Really run as of a time to come: entries are moved and deleted before their time.
    #[arg(long)]
    allow_future: bool,
    /// The clock is right, although it has leapt since the last run.
    #[arg(long)]
    confirm_clock: bool,
    /// The database is the right one, although it knows little of what lies in the archive or among the files: delete the rest.
    #[arg(long)]
    confirm_orphans: bool,
}

#[derive(Subcommand)]
pub enum HoldCommand {
    /// Keeps a person's entries, or those of one conversation, from expiring and from being deleted; prints the hold's id.
    Place {
        /// Whose entries.
        #[arg(long)]
        user: String,
        /// Only of this conversation.
        #[arg(long)]
        conversation: Option<ConversationId>,
        /// Why.
        #[arg(long)]
        reason: String,
        /// The admin who says so.
        #[arg(long)]
        by: String,
    },
    /// Releases a hold.
    Release {
        /// Its id.
        id: String,
    },
    /// Lists holds in force.
    List,
}

#[derive(Subcommand)]
pub enum ArchiveCommand {
    /// Prints an object of the archive as newline-delimited JSON, and fails where it is not what the database says.
    Cat {
        /// Its key, such as `holly retention plan` shows it.
        key: String,
    },
}

#[derive(clap::Args)]
pub struct RestoreCommand {
    /// The backup of a SQLite database; it takes the place of the database, which stays beside it under another name.
    #[arg(required_unless_present = "in_place", conflicts_with = "in_place")]
    file: Option<PathBuf>,
    /// The backup is in place, such as after pg_restore.
    #[arg(long)]
    in_place: bool,
    /// Give up the entries whose objects the archive does not have, however many.
    #[arg(long)]
    without_archive: bool,
}

/// `holly retention …`.
pub async fn retention(config: &Config, command: RetentionCommand) -> Result<(), Failure> {
    let clock = Clock::system();
    let (retention, as_of, dry) = match command {
        RetentionCommand::Plan(as_of) => (open_retention(config).await?, as_of, true),
        RetentionCommand::Run(as_of) => (begin_retention(config).await?, as_of, false),
    };
    let at = as_of.as_of.as_deref().map(parse_time).transpose()?;
    if !dry && at.is_some_and(|at| at > clock.now()) && !as_of.allow_future {
        return Err("that time is yet to come; entries would be moved and deleted too early. Add --allow-future if that is meant".into());
    }
    // in a rehearsal it is no clock that has leapt
    let trust_clock = as_of.confirm_clock || as_of.allow_future || dry && at.is_some();
    let trust_database = as_of.confirm_orphans;
    let run = |wall: Timestamp| Run { now: at.unwrap_or(wall), trust_clock, trust_database, ..Run::at(config.retention.policy, wall) };
    let report = if dry {
        let (plan, report) = dry_run(&retention, run(clock.now())).await?;
        plan.steps.iter().for_each(|step| say(&step.to_string()));
        if report.more {
            say(MORE);
        }
        report
    } else {
        run_through(&retention, &clock, run, PASSES, &Metrics::default()).await?
    };
    say(&serde_json::to_string_pretty(&report)?);
    if !dry && trust_database {
        let files = FileStore::open(&config.retention.archive_url, &config.data_dir)?;
        say(&format!("{} files deleted that the database does not know", sweep_files(&retention.store, &files, clock.now(), true).await?));
    }
    if !dry {
        // a server beside it does not know what was deleted here
        retention.store.shrink().await?;
    }
    retention.store.close().await;
    if report.busy { Err("another run is going on".into()) } else { Ok(()) }
}

fn parse_time(text: &str) -> Result<Timestamp, Failure> {
    serde_json::from_value(text.into()).map_err(|_| format!("--as-of is {text:?}; it must be a time such as 2027-01-31T00:00:00Z").into())
}

/// `holly hold …`.
pub async fn hold(config: &Config, command: HoldCommand) -> Result<(), Failure> {
    let retention = open_retention(config).await?;
    let now = Clock::system().now();
    match command {
        HoldCommand::Place { user, conversation, reason, by } => {
            let (user, admin): (UserId, UserId) = (person(&retention.store, &user).await?, person(&retention.store, &by).await?);
            say(&keeping::place_hold(&retention, now, admin, (user, conversation), &reason).await?);
        }
        HoldCommand::Release { id } => {
            keeping::release_hold(&retention, now, &id).await?;
            say("released");
        }
        HoldCommand::List => {
            for hold in holds::list(&mut *retention.store.read().await?, 1_000).await? {
                say(&serde_json::to_string(&hold)?);
            }
        }
    }
    retention.store.close().await;
    Ok(())
}

/// `holly archive …`.
pub async fn archive(config: &Config, ArchiveCommand::Cat { key }: ArchiveCommand) -> Result<(), Failure> {
    let retention = open_retention(config).await?;
    let checked = damage::check(&retention, Clock::system().now(), &key).await;
    let bytes = retention.archive.get(&key).await?;
    let plain = if key.ends_with(".zst") { object::unpack(&bytes) } else { Ok(bytes.to_vec()) };
    if let Ok(plain) = &plain {
        say(str::from_utf8(plain)?.trim_end());
    }
    retention.store.close().await;
    checked?;
    plain.map(drop).map_err(Failure::from)
}

/// `holly backup FILE`.
pub async fn backup(config: &Config, file: &Path) -> Result<(), Failure> {
    if file.exists() {
        return Err(format!("{} is there already", file.display()).into());
    }
    if let Some(database) = sqlite_file(&config.database_url).filter(|database| !database.is_file()) {
        return Err(format!("DATABASE_URL: there is no database {}", database.display()).into());
    }
    let store = Store::open_past(&config.database_url, &config.listen_url).await?;
    store.backup(file.to_str().ok_or("the file's name must be UTF-8")?).await?;
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
    say(&format!("restored; {} erased again, {} objects listed anew, {} gone{kept}", restored.erased, restored.adopted, restored.missing,));
    Ok(())
}

/// Puts a backup in place of the database, which stays beside it under another name. Returns where, too.
async fn replace(config: &Config, file: &Path, command: &RestoreCommand, now: Timestamp) -> Result<(Restored, String), Failure> {
    let database = sqlite_file(&config.database_url)
        .ok_or("a PostgreSQL database is restored with pg_restore; make it fit to be served with `holly restore --in-place` then")?;
    if !file.is_file() {
        return Err(format!("there is no backup {}", file.display()).into());
    }
    if database.is_file()
        && let Err(why) = list_erasures(config, now).await
    {
        say(&format!("what was erased in the last minutes cannot be read from the database that is replaced: {why}"));
    }
    let ready = PathBuf::from(format!("{}.restoring", database.display()));
    for ending in ["", "-wal", "-shm"] {
        let left = PathBuf::from(format!("{}{ending}", ready.display()));
        if left.exists() {
            std::fs::remove_file(left)?;
        }
    }
    std::fs::copy(file, &ready)?;
    let url = format!("sqlite://{}", ready.display());
    let beside = Config { database_url: url.clone(), listen_url: url, ..config.clone() };
    let restored = make_fit(&beside, command, now).await?;
    let old = format!("{}.before-{}", database.display(), now.millis());
    swap(&database, &ready, &old)?;
    Ok((restored, format!("; what was there is {old}")))
}

/// Brings the archive's list of erasures up to date from the database that is to be replaced, and mends it.
async fn list_erasures(config: &Config, now: Timestamp) -> Result<(), Failure> {
    let retention = open_retention(config).await?;
    let mended = mend(&retention, now).await?;
    retention.store.close().await;
    if mended > 0 {
        say(&format!("{mended} damaged files of the archive's list of erasures were written anew from the database that is replaced"));
    }
    Ok(())
}

/// Makes a backup fit to be served. Where it breaks off it is done again from the beginning.
async fn make_fit(config: &Config, command: &RestoreCommand, now: Timestamp) -> Result<Restored, Failure> {
    let store = Store::open_past(&config.database_url, &config.listen_url).await?;
    store.begin_new_epoch().await?;
    store.close().await;
    let retention = open_retention(config).await?;
    if !command.without_archive {
        check_archive(&retention).await?;
    }
    let restored = after_restore(&retention, now).await?;
    retention.store.shrink().await?;
    retention.store.close().await;
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
