//! `holly retention`, `holly hold` and `holly archive`.

use super::{Failure, copy::sqlite_file, find_user, print_line};
use clap::Subcommand;
use holly::{
    domain::{
        ids::{ConversationId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Tiers, holds, object},
        base::{clock::Clock, metrics::Metrics},
        files::{FileStore, sweep::sweep_files},
        retention::{
            Report, Run, damage,
            dry_run::dry_run,
            worker::{run_until_done, take_over},
        },
        state::{config::Config, open_tiers, open_tiers_with_policy},
        store::users,
    },
};
use std::{io::Write, time::Duration};

#[derive(Subcommand)]
pub enum RetentionCommand {
    /// Show the steps of a run without changing anything
    Plan(AsOf),
    /// Run retention now
    Run(AsOf),
}

#[derive(clap::Args)]
pub struct AsOf {
    /// Time by which entries age, such as 2027-01-31T00:00:00Z [default: now]
    #[arg(long)]
    as_of: Option<String>,
    /// Allow a future time: entries are moved and deleted early
    #[arg(long)]
    allow_future: bool,
    /// Confirm that the clock is correct although it has jumped since the last run
    #[arg(long)]
    confirm_clock: bool,
    /// Delete archive objects and files that the database does not refer to, however many
    ///
    /// Confirms that the database is the right one although it refers to few of them.
    #[arg(long)]
    confirm_orphans: bool,
}

#[derive(Subcommand)]
pub enum HoldCommand {
    /// Place a hold on a user's entries and print its id
    Place {
        /// Email address of the user
        #[arg(long)]
        user: String,
        /// Id of a conversation, to hold only its entries
        #[arg(long)]
        conversation: Option<ConversationId>,
        /// Reason, shown to admins
        #[arg(long)]
        reason: String,
        /// Email address of the admin who places it
        #[arg(long)]
        by: String,
    },
    /// Release a hold
    Release {
        /// Id of the hold
        id: String,
    },
    /// List the holds in force, one JSON object per line
    List,
}

#[derive(Subcommand)]
pub enum ArchiveCommand {
    /// Print an object as newline-delimited JSON; fails if it does not match the database
    Cat {
        /// Key of the object, its path in the archive: work-log/v1/…
        key: String,
    },
    /// Give up a damaged or missing object that has no copy; its entries count as deleted
    GiveUp {
        /// Key of the object, as shown on the stats page
        key: String,
    },
}

/// `holly retention …`.
pub async fn retention(config: &Config, command: RetentionCommand) -> Result<(), Failure> {
    let clock = Clock::system();
    let (tiers, as_of, dry) = match command {
        RetentionCommand::Plan(as_of) => (open_tiers(config).await?, as_of, true),
        RetentionCommand::Run(as_of) => (open_tiers_with_policy(config).await?, as_of, false),
    };
    let at = as_of.as_of.as_deref().map(parse_time).transpose()?;
    if !dry && at.is_some_and(|at| at > clock.now()) && !as_of.allow_future {
        return Err(
            "--as-of is in the future, so entries would be moved and deleted early; add \
             --allow-future to do that"
                .into(),
        );
    }
    // in a plan as of another time the clock did not jump
    let trust_clock = as_of.confirm_clock || as_of.allow_future || dry && at.is_some();
    let trust_database = as_of.confirm_orphans;
    let run = |wall: Timestamp| Run {
        now: at.unwrap_or(wall),
        trust_clock,
        trust_database,
        ..Run::at(config.retention.policy, wall)
    };
    let report = if dry {
        let dry_run = dry_run(&tiers, run(clock.now())).await?;
        dry_run.lines().iter().for_each(|step| print_line(step));
        dry_run.report
    } else {
        // a server that has a database in the data folder open locks the folder
        let in_data_dir = sqlite_file(&config.database_url)
            .is_some_and(|file| file.parent() == Some(&config.data_dir));
        let _runner = if in_data_dir {
            take_over(&tiers.store, &config.data_dir).await?
        } else {
            None
        };
        run_until_done(&tiers, &clock, run, Duration::MAX, &Metrics::default()).await?
    };
    print_line(&serde_json::to_string_pretty(&report)?);
    if !dry && trust_database {
        let files = FileStore::open(&config.retention.archive_url, &config.data_dir)?;
        print_line(&format!(
            "deleted {} files that the database does not refer to",
            sweep_files(&tiers.store, &files, clock.now(), true).await?
        ));
    }
    if !dry {
        // a running server does not know what was deleted here
        tiers.store.vacuum().await?;
    }
    tiers.store.close().await;
    if dry { Ok(()) } else { outcome(&report) }
}

/// The exit status of a run: an error if something is left to do, so that a scheduler notices.
fn outcome(report: &Report) -> Result<(), Failure> {
    if report.busy {
        return Err(
            "another run is in progress; try again when it has ended, or ten minutes after it was \
             killed"
                .into(),
        );
    }
    if let Some(waiting) = &report.waiting {
        return Err(format!("deletions wait: {waiting} with --confirm-clock").into());
    }
    match report.failures.first() {
        Some(first) => Err(format!(
            "{} steps failed and are retried by the next run; the first: {first}",
            report.failed
        )
        .into()),
        None => Ok(()),
    }
}

fn parse_time(text: &str) -> Result<Timestamp, Failure> {
    serde_json::from_value(text.into()).map_err(|_| {
        format!("--as-of is {text:?}; it must be a time such as 2027-01-31T00:00:00Z").into()
    })
}

/// `holly hold …`.
pub async fn hold(config: &Config, command: HoldCommand) -> Result<(), Failure> {
    let tiers = open_tiers(config).await?;
    let now = Clock::system().now();
    match command {
        HoldCommand::Place {
            user,
            conversation,
            reason,
            by,
        } => {
            let (user, admin): (UserId, UserId) = (
                find_user(&tiers.store, &user).await?,
                find_user(&tiers.store, &by).await?,
            );
            if !users::by_id(&mut *tiers.store.read().await?, admin)
                .await?
                .is_some_and(|account| account.is_admin)
            {
                return Err(format!("{by} is not an admin; --by must name an admin").into());
            }
            print_line(
                &holds::place_hold(&tiers, now, admin, (user, conversation), &reason).await?,
            );
        }
        HoldCommand::Release { id } => {
            holds::release_hold(&tiers, now, &id).await?;
            print_line("released");
        }
        HoldCommand::List => {
            for hold in holds::holds_in_force(&tiers).await? {
                print_line(&serde_json::to_string(&hold)?);
            }
        }
    }
    tiers.store.close().await;
    Ok(())
}

/// `holly archive …`.
pub async fn archive(config: &Config, command: ArchiveCommand) -> Result<(), Failure> {
    let (tiers, now) = (open_tiers(config).await?, Clock::system().now());
    let result = match command {
        ArchiveCommand::Cat { key } => cat(&tiers, now, &key).await,
        ArchiveCommand::GiveUp { key } => give_up(&tiers, now, &key).await,
    };
    tiers.store.close().await;
    result
}

async fn give_up(tiers: &Tiers, now: Timestamp, key: &str) -> Result<(), Failure> {
    let entries = damage::abandon(tiers, now, key).await?;
    print_line(&format!("gave up the object and {entries} entries in it"));
    Ok(())
}

async fn cat(tiers: &Tiers, now: Timestamp, key: &str) -> Result<(), Failure> {
    let checked = damage::check(tiers, now, key).await;
    let bytes = tiers.archive.get(key).await?;
    let plain = if key.ends_with(".zst") {
        object::unpack(&bytes)
    } else {
        Ok(bytes.to_vec())
    };
    if let Ok(plain) = &plain {
        match std::io::stdout().write_all(plain) {
            // the reader, such as `head`, has closed the pipe
            Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written?,
        }
    }
    checked?;
    plain.map(drop).map_err(Failure::from)
}
