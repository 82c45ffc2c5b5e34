//! `holly key …`: manages API keys. Changes take effect at once in a running server.

use super::{Failure, find_user, print_line};
use clap::Subcommand;
use holly::{
    domain::{ApiKey, AuditAction, Scopes, time::Timestamp},
    server::{
        audit::{self, Event},
        base::clock::Clock,
        feed::cluster::{Cluster, PollIntervals},
        identity::{self, KEY_DAYS_MAX, NewKey},
        state::config::Config,
        store::{Store, api_keys},
    },
};
use std::sync::Arc;

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Create an API key and print it on the last line; it is not shown again
    Add {
        /// Email address of the key's user
        #[arg(long)]
        user: String,
        /// Name of the key
        #[arg(long)]
        name: String,
        /// What it may do, separated by commas: log:write, log:read, chat, approve, admin
        #[arg(long, default_value_t = Scopes::DEFAULT, value_name = "SCOPES")]
        scope: Scopes,
        /// Days until it expires; without this option it does not
        #[arg(
            long,
            value_name = "DAYS",
            value_parser = clap::value_parser!(i64).range(1..=KEY_DAYS_MAX)
        )]
        expires: Option<i64>,
    },
    /// List a user's API keys: id, name, scopes, made, last used, expires
    List {
        /// Email address of the keys' user
        #[arg(long)]
        user: String,
    },
    /// Revoke an API key at once
    Revoke {
        /// Id of the key: what is between `holly_` and the next `_`
        id: String,
    },
}

/// `holly key …`.
pub async fn key(config: &Config, command: KeyCommand) -> Result<(), Failure> {
    let store = Store::open_with_pooler(&config.database_url, &config.listen_url).await?;
    let cluster = (!store.is_single_process()).then(|| {
        Cluster::new(
            store.clone(),
            Arc::default(),
            &config.listen_url,
            "command line",
            PollIntervals::default(),
        )
    });
    let result = execute(&store, command).await;
    if let Some(cluster) = cluster {
        cluster.notify_now().await?;
    }
    store.close().await;
    result
}

async fn execute(store: &Store, command: KeyCommand) -> Result<(), Failure> {
    let now = Clock::system().now();
    match command {
        KeyCommand::Add {
            user,
            name,
            scope: scopes,
            expires: days,
        } => {
            let user = find_user(store, &user).await?;
            let new = NewKey { name, scopes, days };
            let key = identity::create_key(store, now, user, new).await?;
            let event = Event::of(AuditAction::KeyCreated).about(user);
            audit::record(store, now, event.detail("command line")).await;
            print_line(&key);
        }
        KeyCommand::List { user } => {
            let user = find_user(store, &user).await?;
            let keys = api_keys::of_user(&mut *store.read().await?, user).await?;
            print_line("id\tname\tscopes\tmade\tlast used\texpires");
            for key in keys {
                print_line(&row(&key));
            }
        }
        KeyCommand::Revoke { id } => {
            let missing = |_| format!("there is no key {id}; list keys with `holly key list`");
            let user = identity::key_owner(store, &id).await.map_err(missing)?;
            identity::revoke_key(store, now, user, &id).await?;
            let event = Event::of(AuditAction::KeyRevoked).about(user);
            audit::record(store, now, event.detail("command line")).await;
            print_line(&format!("revoked {id}"));
        }
    }
    Ok(())
}

fn row(key: &ApiKey) -> String {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let note = if key.made_before_scopes {
        " (made before scopes)"
    } else {
        ""
    };
    format!(
        "{}\t{}\t{}{note}\t{}\t{}\t{}",
        key.id,
        key.name,
        key.scopes,
        key.created_at,
        time(key.last_used_at),
        time(key.expires_at)
    )
}
