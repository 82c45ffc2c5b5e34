//! `holly retention`, `holly hold` and `holly archive`.

use super::{Failure, copy::sqlite_file, person, say};
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
        state::{begin_retention, config::Config, open_retention},
        store::users,
    },
};
use std::{io::Write, time::Duration};

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
    /// The database is the right one, although it knows little of what lies in the archive or among
    /// the files: delete the rest.
    #[arg(long)]
    confirm_orphans: bool,
}

#[derive(Subcommand)]
pub enum HoldCommand {
    /// Keeps a person's entries, or those of one conversation, from expiring and from being
    /// deleted; prints the hold's id.
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
    /// Prints an object of the archive as newline-delimited JSON, and fails where it is not what
    /// the database says.
    Cat {
        /// Its key: its path in the archive, work-log/v1/….
        key: String,
    },
    /// Gives up an object that is damaged or missing and of which there is no copy: its entries
    /// count as deleted.
    GiveUp {
        /// Its key, as the stats page names it.
        key: String,
    },
}

/// `holly retention …`.
pub async fn retention(config: &Config, command: RetentionCommand) -> Result<(), Failure> {
    let clock = Clock::system();
    let (tiers, as_of, dry) = match command {
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
    let run = |wall: Timestamp| Run {
        now: at.unwrap_or(wall),
        trust_clock,
        trust_database,
        ..Run::at(config.retention.policy, wall)
    };
    let report = if dry {
        let rehearsed = dry_run(&tiers, run(clock.now())).await?;
        rehearsed.lines().iter().for_each(|step| say(step));
        rehearsed.report
    } else {
        // a server that has the database open holds the folder in which it lies
        let beside = sqlite_file(&config.database_url)
            .is_some_and(|file| file.parent() == Some(&config.data_dir));
        let _runner = if beside {
            take_over(&tiers.store, &config.data_dir).await?
        } else {
            None
        };
        run_until_done(&tiers, &clock, run, Duration::MAX, &Metrics::default()).await?
    };
    say(&serde_json::to_string_pretty(&report)?);
    if !dry && trust_database {
        let files = FileStore::open(&config.retention.archive_url, &config.data_dir)?;
        say(&format!(
            "{} files deleted that the database does not know",
            sweep_files(&tiers.store, &files, clock.now(), true).await?
        ));
    }
    if !dry {
        // a server beside it does not know what was deleted here
        tiers.store.vacuum().await?;
    }
    tiers.store.close().await;
    if dry { Ok(()) } else { outcome(&report) }
}

/// Whoever started a run by a scheduler hears by its exit status that something is left to do.
fn outcome(report: &Report) -> Result<(), Failure> {
    if report.busy {
        return Err(
            "another run is going on; try again when it has ended, or ten minutes after it died"
                .into(),
        );
    }
    if let Some(waiting) = &report.waiting {
        return Err(format!("deletions wait: {waiting} with --confirm-clock").into());
    }
    match report.failures.first() {
        Some(first) => Err(format!(
            "{} of its steps failed, and the next run tries again; the first: {first}",
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
    let tiers = open_retention(config).await?;
    let now = Clock::system().now();
    match command {
        HoldCommand::Place {
            user,
            conversation,
            reason,
            by,
        } => {
            let (user, admin): (UserId, UserId) = (
                person(&tiers.store, &user).await?,
                person(&tiers.store, &by).await?,
            );
            if !users::by_id(&mut *tiers.store.read().await?, admin)
                .await?
                .is_some_and(|account| account.is_admin)
            {
                return Err(format!("{by} is no admin; --by names the admin who says so").into());
            }
            say(&holds::place_hold(&tiers, now, admin, (user, conversation), &reason).await?);
        }
        HoldCommand::Release { id } => {
            holds::release_hold(&tiers, now, &id).await?;
            say("released");
        }
        HoldCommand::List => {
            for hold in holds::holds_in_force(&tiers).await? {
                say(&serde_json::to_string(&hold)?);
            }
        }
    }
    tiers.store.close().await;
    Ok(())
}

/// `holly archive …`.
pub async fn archive(config: &Config, command: ArchiveCommand) -> Result<(), Failure> {
    let (tiers, now) = (open_retention(config).await?, Clock::system().now());
    let done = match command {
        ArchiveCommand::Cat { key } => cat(&tiers, now, &key).await,
        ArchiveCommand::GiveUp { key } => give_up(&tiers, now, &key).await,
    };
    tiers.store.close().await;
    done
}

async fn give_up(tiers: &Tiers, now: Timestamp, key: &str) -> Result<(), Failure> {
    let entries = damage::abandon(tiers, now, key).await?;
    say(&format!(
        "given up, with {entries} entries that were not deleted before"
    ));
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
            // whoever read it, such as `head`, has seen enough
            Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written?,
        }
    }
    checked?;
    plain.map(drop).map_err(Failure::from)
}
