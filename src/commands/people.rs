//! `holly user …`: manages users. Changes take effect at once in a running server.

use super::{Failure, print_line};
use clap::Subcommand;
use futures::TryStreamExt;
use holly::{
    domain::{Account, AuditAction, Person, ids::UserId, time::Timestamp},
    server::{
        archive::{Tiers, export},
        audit::{self, Event},
        base::clock::Clock,
        feed::cluster::{Cluster, PollIntervals},
        files::FileStore,
        identity::{self, RequestedBy},
        state::{config::Config, open_tiers},
        store::{self, Store},
    },
};
use std::{
    io::{BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Users read at once for the list.
const PAGE_SIZE: i64 = 1_000;
/// Who did it, in the audit log.
const COMMAND_LINE: &str = "command line";

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a user; the password is read from standard input
    Add {
        /// Email address that the user signs in with
        email: String,
        /// Make the user an admin, who sees all statistics and manages users
        #[arg(long)]
        admin: bool,
    },
    /// Set a user's password, read from standard input, and end their sessions
    Password {
        /// Email address of the user
        email: String,
        /// Revoke their API keys too
        #[arg(long)]
        revoke_keys: bool,
    },
    /// List users: email address, role, state, created, last active
    List,
    /// Print a link to create an account; it works once
    Invite {
        /// Email address of the new user
        email: String,
        /// Make the new user an admin
        #[arg(long)]
        admin: bool,
    },
    /// Make a user an admin
    Admin {
        /// Email address of the user
        email: String,
        /// Remove the role instead
        #[arg(long)]
        remove: bool,
    },
    /// Disable a user at once
    ///
    /// Ends sessions, API keys, streams and running answers. The user's data is kept.
    Disable {
        /// Email address of the user
        email: String,
    },
    /// Enable a disabled user
    Enable {
        /// Email address of the user
        email: String,
    },
    /// Erase a user and all their data from every tier, and print a receipt
    ///
    /// Asks for confirmation on a terminal.
    Erase {
        /// Email address of the user
        email: String,
        /// Export the user's work log to this new file first, one JSON object per line
        #[arg(long)]
        export: Option<PathBuf>,
    },
}

/// `holly user …`.
pub async fn user(config: &Config, command: UserCommand) -> Result<(), Failure> {
    let tiers = open_tiers(config).await?;
    let store = tiers.store.clone();
    let cluster = (!store.is_single_process()).then(|| {
        Cluster::new(
            store.clone(),
            Arc::default(),
            &config.listen_url,
            "command line",
            PollIntervals::default(),
        )
    });
    let result = execute(config, &tiers, command).await;
    if let Some(cluster) = cluster {
        cluster.notify_now().await?;
    }
    store.close().await;
    result
}

async fn execute(config: &Config, tiers: &Tiers, command: UserCommand) -> Result<(), Failure> {
    let (store, now) = (&tiers.store, Clock::system().now());
    match command {
        UserCommand::Add { email, admin } => {
            let password = read_password()?;
            let account = identity::add_account(store, now, &email, &password, admin).await?;
            note(store, now, AuditAction::Joined, account.id).await;
            print_line(&format!("added {}", account.email));
        }
        UserCommand::Password { email, revoke_keys } => {
            let person = find(store, &email).await?;
            let account = Account {
                id: person.id,
                email: person.email,
                is_admin: person.is_admin,
            };
            identity::change_password(store, &account, &read_password()?, None).await?;
            if revoke_keys {
                identity::revoke_all_keys(store, now, account.id).await?;
            }
            note(store, now, AuditAction::PasswordChanged, account.id).await;
            print_line(&format!("{} has a new password", account.email));
        }
        UserCommand::List => list(store).await?,
        UserCommand::Invite { email, admin } => {
            let secret = identity::invite(store, now, None, &email, admin).await?;
            let event = Event::of(AuditAction::UserInvited).detail(COMMAND_LINE);
            audit::record(store, now, event).await;
            let url = config
                .public_url
                .clone()
                .unwrap_or_else(|| format!("http://{}", config.addr));
            print_line(&format!("{url}/join?secret={secret}"));
        }
        UserCommand::Admin { email, remove } => {
            let id = find(store, &email).await?.id;
            identity::set_admin(store, now, id, !remove).await?;
            let action = if remove {
                AuditAction::AdminRemoved
            } else {
                AuditAction::AdminGiven
            };
            note(store, now, action, id).await;
            print_line(&format!(
                "{email} is {} admin",
                if remove { "no longer an" } else { "an" }
            ));
        }
        UserCommand::Disable { email } => {
            let id = find(store, &email).await?.id;
            identity::disable(store, now, id).await?;
            note(store, now, AuditAction::UserDisabled, id).await;
            print_line(&format!("{email} is disabled"));
        }
        UserCommand::Enable { email } => {
            let id = find(store, &email).await?.id;
            identity::enable(store, id).await?;
            note(store, now, AuditAction::UserEnabled, id).await;
            print_line(&format!("{email} is enabled"));
        }
        UserCommand::Erase { email, export } => erase(config, tiers, &email, export).await?,
    }
    Ok(())
}

fn read_password() -> Result<String, Failure> {
    let line = std::io::stdin().lock().lines().next();
    Ok(line.ok_or("no password; write it to standard input")??)
}

async fn note(store: &Store, now: Timestamp, action: AuditAction, user: UserId) {
    let event = Event::of(action).about(user).detail(COMMAND_LINE);
    audit::record(store, now, event).await;
}

async fn find(store: &Store, email: &str) -> Result<Person, Failure> {
    identity::find_by_email(store, email).await.map_err(|_| {
        format!("there is no account {email}; list accounts with `holly user list`").into()
    })
}

async fn list(store: &Store) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let page = store::people::list(&mut *store.read().await?, "", &after, PAGE_SIZE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after.clone_from(&last.email);
        for person in page {
            let role = if person.is_admin { "admin" } else { "person" };
            let state = if person.is_disabled {
                "disabled"
            } else {
                "enabled"
            };
            let active = person
                .last_active_at
                .map_or_else(|| "never".to_owned(), |at| at.to_string());
            print_line(&format!(
                "{}\t{role}\t{state}\t{}\t{active}",
                person.email, person.created_at
            ));
        }
    }
}

async fn erase(
    config: &Config,
    tiers: &Tiers,
    email: &str,
    file: Option<PathBuf>,
) -> Result<(), Failure> {
    let person = find(&tiers.store, email).await?;
    let on_terminal = std::io::stdin().is_terminal();
    let file = match file {
        None if on_terminal => Some(prompt(
            "Export the work log first? Name of a new file, or nothing to skip: ",
        )?)
        .filter(|name| !name.is_empty())
        .map(PathBuf::from),
        file => file,
    };
    if let Some(file) = &file {
        export(tiers, &person, file).await?;
    }
    if on_terminal
        && prompt(&format!(
            "All data of {} will be erased permanently. Type the email address to confirm: ",
            person.email
        ))?
        .to_lowercase()
            != person.email
    {
        return Err("the email address does not match; nothing was erased".into());
    }
    let files = FileStore::open(&config.retention.archive_url, &config.data_dir)?;
    let deleted = identity::delete_account(
        tiers,
        &files,
        Clock::system().now(),
        person.id,
        RequestedBy::Admin,
        |_| {},
    )
    .await?;
    print_line(&serde_json::to_string_pretty(&deleted.receipt)?);
    deleted.files_left.map_or(Ok(()), |error| Err(error.into()))
}

fn prompt(question: &str) -> Result<String, Failure> {
    let mut out = std::io::stderr();
    write!(out, "{question}")?;
    out.flush()?;
    Ok(std::io::stdin()
        .lock()
        .lines()
        .next()
        .transpose()?
        .unwrap_or_default()
        .trim()
        .to_owned())
}

async fn export(tiers: &Tiers, person: &Person, file: &Path) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(
        std::fs::File::create_new(file).map_err(|why| format!("{}: {why}", file.display()))?,
    );
    let (mut pages, mut count) = (
        Box::pin(export::pages(
            tiers.store.clone(),
            tiers.archive.clone(),
            person.id,
            Default::default(),
        )),
        0,
    );
    while let Some(page) = pages.try_next().await? {
        for entry in &page {
            writeln!(out, "{}", serde_json::to_string(entry)?)?;
            count += 1;
        }
    }
    out.into_inner()?.sync_all()?;
    print_line(&format!("exported {count} entries to {}", file.display()));
    Ok(())
}
