//! The command line: `holly` and its subcommands. A command parses its arguments here or in
//! `commands/` and calls the library.

#[path = "commands/backup.rs"]
mod backup;
#[path = "commands/copy.rs"]
mod copy;
#[path = "commands/keys.rs"]
mod keys;
#[path = "commands/people.rs"]
mod people;
#[path = "commands/retention.rs"]
mod retention;

use clap::{Parser, Subcommand};
use holly::{
    domain::ids::UserId,
    server::{
        base::{clock::Clock, data_dir::DataDir, private_files, telemetry},
        serve::{self, check},
        state::{config::Settings, join_problems},
        store::{Store, users},
    },
};
use keys::KeyCommand;
use people::UserCommand;
use retention::{ArchiveCommand, HoldCommand, RetentionCommand};
use std::{path::PathBuf, process::ExitCode};

/// A self-hosted chat with an AI assistant whose work is visible
///
/// Without a command it serves. Every option can be set by its environment variable too; commands
/// other than serve read their settings from there.
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
    /// Serve the pages and the HTTP API (default)
    Serve(Box<Settings>),
    /// Check the settings: data folder, database, archive, sign-in provider and models
    Check,
    /// Migrate the database and exit
    Migrate {
        /// Do not back up a SQLite database before its tables change
        #[arg(long)]
        without_backup: bool,
    },
    /// Manage users
    #[command(subcommand)]
    User(UserCommand),
    /// Manage API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Plan and run retention
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Manage holds, which keep entries from expiring and from being deleted
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Inspect and repair the archive
    #[command(subcommand)]
    Archive(ArchiveCommand),
    /// Back up the SQLite database to a new file; the server may be running
    Backup {
        /// Path of the new file
        file: PathBuf,
    },
    /// Copy the database to another one, such as from SQLite to PostgreSQL, and verify the copy
    ///
    /// The target must be empty. The command can be run again after an interruption. Stop every
    /// server first.
    Copy(copy::CopyCommand),
    /// Restore a backup; stop the server first
    Restore(backup::RestoreCommand),
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    private_files::restrict_new_files();
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
        .map_err(|problems| join_problems(&problems))?;
    telemetry::start(&settings.log)?;
    // these report a data folder that cannot be used together with other problems
    let reports_data_dir = matches!(cli.command, None | Some(Command::Serve(_) | Command::Check));
    if !reports_data_dir {
        DataDir::create(&config.data_dir)?;
    }
    match cli.command {
        None | Some(Command::Serve(_)) => Ok(serve::serve(config, Clock::system()).await?),
        Some(Command::Retention(command)) => retention::retention(&config, command).await,
        Some(Command::Hold(command)) => retention::hold(&config, command).await,
        Some(Command::Archive(command)) => retention::archive(&config, command).await,
        Some(Command::Backup { file }) => backup::backup(&config, &file).await,
        Some(Command::Restore(command)) => backup::restore(&config, command).await,
        Some(Command::Copy(command)) => copy::run(&config, command).await,
        Some(Command::User(command)) => people::user(&config, command).await,
        Some(Command::Check) => print_findings(&check::check(&config).await),
        Some(Command::Key(command)) => keys::key(&config, command).await,
        Some(Command::Migrate { without_backup }) => {
            let (url, direct) = (&config.database_url, &config.listen_url);
            let store = if without_backup {
                Store::open_without_backup(url, direct).await?
            } else {
                Store::open_with_pooler(url, direct).await?
            };
            store.close().await;
            print_line("the tables are up to date");
            Ok(())
        }
    }
}

/// Prints a line for each finding. Errors: a check failed.
fn print_findings(findings: &[check::Finding]) -> Result<(), Failure> {
    for finding in findings {
        match &finding.result {
            Ok(result) => print_line(&format!("ok      {}: {result}", finding.what)),
            Err(why) => print_line(&format!("WRONG   {}: {why}", finding.what)),
        }
    }
    let failed = findings
        .iter()
        .filter(|finding| finding.result.is_err())
        .count();
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} of {} checks failed", findings.len()).into())
    }
}

async fn find_user(store: &Store, email: &str) -> Result<UserId, Failure> {
    let found = users::by_email(&mut *store.read().await?, &email.to_lowercase()).await?;
    found.map(|record| record.account.id).ok_or_else(|| {
        format!("there is no account {email}; add it with `holly user add {email}`").into()
    })
}

#[expect(
    clippy::print_stdout,
    reason = "the output of a command goes to standard output"
)]
fn print_line(line: &str) {
    println!("{line}");
}
