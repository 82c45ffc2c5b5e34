//! The command line.

#[path = "commands/backup.rs"]
mod backup;
#[path = "commands/copy.rs"]
mod copy;
#[path = "commands/people.rs"]
mod people;
#[path = "commands/retention.rs"]
mod retention;

use clap::{Parser, Subcommand};
use holly::{
    domain::ids::UserId,
    server::{
        base::{clock::Clock, telemetry},
        identity,
        serve::{self, check},
        state::config::Settings,
        store::{Store, users},
    },
};
use people::UserCommand;
use retention::{ArchiveCommand, HoldCommand, RetentionCommand};
use std::{path::PathBuf, process::ExitCode};

/// A self-hosted chat with an assistant whose work is visible.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serves pages and HTTP API; what happens without a command.
    Serve(Box<Settings>),
    /// Tries the settings: data folder, database, every model; says what is wrong with each.
    Check,
    /// Brings the database's tables up to date and ends.
    Migrate {
        /// Do not copy a SQLite database before its tables change.
        #[arg(long)]
        without_backup: bool,
    },
    /// People.
    #[command(subcommand)]
    User(UserCommand),
    /// API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// The tiers: what is due, and carrying it out.
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// What neither expires nor can be deleted.
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Objects of the archive.
    #[command(subcommand)]
    Archive(ArchiveCommand),
    /// Copies the SQLite database into a new file, while the server runs.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Copies the database to another, such as from SQLite to PostgreSQL, and verifies it.
    Copy(copy::CopyCommand),
    /// Puts a backup in place of the database, or makes one fit that was put in place already,
    /// while no server runs.
    Restore(backup::RestoreCommand),
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Makes an API key and prints it, this once.
    Add {
        /// Whose key.
        #[arg(long)]
        user: String,
        /// What it is for.
        #[arg(long)]
        name: String,
    },
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holly: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let settings = match &cli.command {
        Some(Command::Serve(settings)) => settings,
        _ => &cli.settings,
    };
    let config = settings
        .check()
        .map_err(|problems| problems.join("\nholly: "))?;
    telemetry::start(&settings.log)?;
    std::fs::create_dir_all(&config.data_dir)?;
    match cli.command {
        None | Some(Command::Serve(_)) => Ok(serve::serve(config, Clock::system()).await?),
        Some(Command::Retention(command)) => retention::retention(&config, command).await,
        Some(Command::Hold(command)) => retention::hold(&config, command).await,
        Some(Command::Archive(command)) => retention::archive(&config, command).await,
        Some(Command::Backup { file }) => backup::backup(&config, &file).await,
        Some(Command::Restore(command)) => backup::restore(&config, command).await,
        Some(Command::Copy(command)) => copy::run(&config, command).await,
        Some(Command::User(command)) => people::user(&config, command).await,
        Some(Command::Check) => tell(&check::check(&config).await),
        Some(other) => {
            let (url, direct) = (&config.database_url, &config.listen_url);
            let store = match other {
                Command::Migrate {
                    without_backup: true,
                } => Store::open_without_backup(url, direct).await?,
                _ => Store::open_with_pooler(url, direct).await?,
            };
            let done = administer(&store, other).await;
            store.close().await;
            done
        }
    }
}

async fn administer(store: &Store, command: Command) -> Result<(), Failure> {
    let now = Clock::system().now();
    match command {
        Command::Key(KeyCommand::Add { user, name }) => {
            let key = identity::create_key(store, now, person(store, &user).await?, &name).await?;
            say(&key);
        }
        _ => say("the tables are up to date"),
    }
    Ok(())
}

/// One line for each finding; it fails when anything is wrong.
fn tell(findings: &[check::Finding]) -> Result<(), Failure> {
    for finding in findings {
        match &finding.result {
            Ok(how) => say(&format!("ok      {}: {how}", finding.what)),
            Err(why) => say(&format!("WRONG   {}: {why}", finding.what)),
        }
    }
    let wrong = findings
        .iter()
        .filter(|finding| finding.result.is_err())
        .count();
    if wrong == 0 {
        Ok(())
    } else {
        Err(format!("{wrong} of {} checks failed", findings.len()).into())
    }
}

async fn person(store: &Store, email: &str) -> Result<UserId, Failure> {
    let found = users::by_email(&mut *store.read().await?, &email.to_lowercase()).await?;
    found.map(|record| record.account.id).ok_or_else(|| {
        format!("there is no account {email}; add it with `holly user add {email}`").into()
    })
}

#[expect(
    clippy::print_stdout,
    reason = "what a command answers goes to standard output"
)]
fn say(line: &str) {
    println!("{line}");
}
