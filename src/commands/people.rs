//! `holly user …`: people, for who runs Holly. What is done here holds at once in a server that
//! runs.

use super::{Failure, say};
use clap::Subcommand;
use futures::TryStreamExt;
use holly::{
    domain::Person,
    server::{
        archive::{Tiers, export},
        base::clock::Clock,
        feed::cluster::{Cluster, PollIntervals},
        files::FileStore,
        identity::{self, RequestedBy},
        state::{config::Config, open_retention},
        store::{self, Store},
    },
};
use std::{
    io::{BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// People printed at once.
const PAGE: i64 = 1_000;

#[derive(Subcommand)]
pub enum UserCommand {
    /// Adds a person; the password is read from standard input.
    Add {
        /// The address they sign in with.
        email: String,
        /// May see everybody's figures, and invite and disable people.
        #[arg(long)]
        admin: bool,
    },
    /// Prints everybody: address, admin or person, enabled or disabled, since when, last active.
    List,
    /// Prints a link with which somebody makes an account; it works once.
    Invite {
        /// For whom.
        email: String,
        /// As an admin.
        #[arg(long)]
        admin: bool,
    },
    /// Makes somebody an admin.
    Admin {
        /// Whom.
        email: String,
        /// No longer.
        #[arg(long)]
        remove: bool,
    },
    /// Shuts somebody out at once: sessions, keys, streams and running answers end. What they wrote
    /// stays.
    Disable {
        /// Whom.
        email: String,
    },
    /// Lets somebody in again.
    Enable {
        /// Whom.
        email: String,
    },
    /// Erases somebody with everything they have, from every tier, and prints a receipt. On a
    /// terminal it asks first.
    Erase {
        /// Whom.
        email: String,
        /// Writes their work log of all tiers to this new file first, one JSON object a line.
        #[arg(long)]
        export: Option<PathBuf>,
    },
}

/// `holly user …`.
pub async fn user(config: &Config, command: UserCommand) -> Result<(), Failure> {
    let tiers = open_retention(config).await?;
    let store = tiers.store.clone();
    let relay = (!store.is_single_process()).then(|| {
        Cluster::new(
            store.clone(),
            Arc::default(),
            &config.listen_url,
            "command line",
            PollIntervals::default(),
        )
    });
    let done = carry_out(config, &tiers, command).await;
    if let Some(relay) = relay {
        relay.tell_now().await?;
    }
    store.close().await;
    done
}

async fn carry_out(config: &Config, tiers: &Tiers, command: UserCommand) -> Result<(), Failure> {
    let (store, now) = (&tiers.store, Clock::system().now());
    match command {
        UserCommand::Add { email, admin } => {
            let password = std::io::stdin()
                .lock()
                .lines()
                .next()
                .ok_or("the password is read from standard input")??;
            let account = identity::add_account(store, now, &email, &password, admin).await?;
            say(&format!("added {}", account.email));
        }
        UserCommand::List => list(store).await?,
        UserCommand::Invite { email, admin } => {
            let secret = identity::invite(store, now, None, &email, admin).await?;
            let here = config
                .public_url
                .clone()
                .unwrap_or_else(|| format!("http://{}", config.addr));
            say(&format!("{here}/join?secret={secret}"));
        }
        UserCommand::Admin { email, remove } => {
            identity::set_admin(store, now, find(store, &email).await?.id, !remove).await?;
            say(&format!(
                "{email} is {} admin",
                if remove { "no longer an" } else { "an" }
            ));
        }
        UserCommand::Disable { email } => {
            identity::disable(store, now, find(store, &email).await?.id).await?;
            say(&format!("{email} is disabled"));
        }
        UserCommand::Enable { email } => {
            identity::enable(store, find(store, &email).await?.id).await?;
            say(&format!("{email} is enabled"));
        }
        UserCommand::Erase { email, export } => erase(config, tiers, &email, export).await?,
    }
    Ok(())
}

async fn find(store: &Store, email: &str) -> Result<Person, Failure> {
    identity::find_by_email(store, email)
        .await
        .map_err(|_| format!("there is no account {email}; `holly user list` shows them").into())
}

async fn list(store: &Store) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let page = store::people::list(&mut *store.read().await?, "", &after, PAGE).await?;
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
            say(&format!(
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
        None if on_terminal => Some(asked(
            "Export what they have first? The name of a new file, or nothing: ",
        )?)
        .filter(|name| !name.is_empty())
        .map(PathBuf::from),
        file => file,
    };
    if let Some(file) = &file {
        export(tiers, &person, file).await?;
    }
    if on_terminal
        && asked(&format!(
            "Everything of {} goes for good. The address again, to be sure: ",
            person.email
        ))?
        .to_lowercase()
            != person.email
    {
        return Err("nothing was erased".into());
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
    say(&serde_json::to_string_pretty(&deleted.receipt)?);
    deleted.files_left.map_or(Ok(()), |error| Err(error.into()))
}

fn asked(question: &str) -> Result<String, Failure> {
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
    say(&format!("exported {count} entries to {}", file.display()));
    Ok(())
}
