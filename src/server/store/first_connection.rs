//! The first connection to a database. It is made outside the pool: a pool retries until its own,
//! longer timeout and then reports only that it timed out, not why.

use super::{
    Result,
    backend::{BUSY_TIMEOUT_MS, Backend, sqlite_url},
    tls,
};
use crate::server::base::error::StoreError;
use reqwest::Url;
use sqlx::{AnyConnection, Connection, Executor};
use std::time::Duration;

/// How long connecting to PostgreSQL may take at start.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause before a refused connection is tried again: the server may still be starting.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Connects to the database at `url`. Errors name `setting`, the address without user and password,
/// the reason, and what to do. `None` where a SQLite database is busy or its disk is full: the pool
/// waits longer for that.
pub(super) async fn connect(
    backend: Backend,
    setting: &str,
    url: &str,
) -> Result<Option<AnyConnection>> {
    let connected = match backend {
        Backend::Sqlite => open_sqlite(url).await,
        Backend::Postgres | Backend::Pooled => connect_postgres(url).await.map(Some),
    };
    connected.map_err(|why| StoreError::Unusable(format!("{setting} {}: {why}", location(url))))
}

/// Closes a connection of [`connect`]. An error does not matter: it has shown that it works.
pub(super) async fn close(connection: Option<AnyConnection>) {
    if let Some(connection) = connection {
        drop(connection.close().await);
    }
}

async fn open_sqlite(url: &str) -> std::result::Result<Option<AnyConnection>, String> {
    let open = async {
        let mut connection = AnyConnection::connect(&sqlite_url(url)).await?;
        // reads the file: opening alone does not notice that it is no database
        let read = format!("pragma busy_timeout = {BUSY_TIMEOUT_MS}; pragma schema_version");
        connection.execute(sqlx::AssertSqlSafe(read)).await?;
        Ok(connection)
    };
    match open.await.map_err(StoreError::Database) {
        Ok(connection) => Ok(Some(connection)),
        Err(error) if error.is_temporary() => Ok(None),
        Err(error) => Err(format!(
            "cannot be opened: {}; it must be a SQLite file in a folder that Holly may write to",
            reason(&error)
        )),
    }
}

async fn connect_postgres(url: &str) -> std::result::Result<AnyConnection, String> {
    tls::check(url)?;
    let mut last = "the server does not answer".to_owned();
    let attempts = async {
        loop {
            match AnyConnection::connect(url).await {
                Err(error) if is_starting(&error) => last = reason(&error.into()),
                connected => return connected.map_err(|error| reason(&error.into())),
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    };
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, attempts).await;
    let advice = "check the address, and that the server is running and accepts this user";
    match connected {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(why)) => {
            let advice = tls::advice(&why).unwrap_or(advice);
            Err(format!("cannot connect: {why}; {advice}"))
        }
        Err(_) => Err(format!(
            "cannot connect within {} s: {last}; {advice}",
            CONNECT_TIMEOUT.as_secs()
        )),
    }
}

/// Whether the server may accept a connection in a moment.
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.is_transient_in_connect_phase(),
        _ => false,
    }
}

fn reason(error: &StoreError) -> String {
    match error {
        StoreError::Database(sqlx::Error::Database(error)) => error.message().to_owned(),
        StoreError::Database(sqlx::Error::Io(error)) => error.to_string(),
        StoreError::Database(sqlx::Error::Tls(error)) => tls::reason(error.as_ref()),
        StoreError::Database(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// The address without user, password and parameters.
fn location(url: &str) -> String {
    if url.starts_with("sqlite:") {
        return url.split('?').next().unwrap_or(url).to_owned();
    }
    let Ok(parsed) = Url::parse(url) else {
        return "is not an address such as postgres://USER:PASSWORD@HOST:PORT/NAME".to_owned();
    };
    let host = parsed
        .host_str()
        .filter(|host| !host.is_empty())
        .map(str::to_owned)
        .or_else(|| parameter(&parsed, "host"))
        .unwrap_or_else(|| "localhost".to_owned());
    format!(
        "{}://{host}:{}{}",
        parsed.scheme(),
        parsed.port().unwrap_or(5_432),
        parsed.path()
    )
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::location;

    #[test]
    fn the_reported_address_has_no_user_password_or_parameters() {
        for (url, reported) in [
            (
                "postgres://ada:secret@db.example.org/holly?sslmode=require&password=secret",
                "postgres://db.example.org:5432/holly",
            ),
            (
                "postgres://ada:secret@[::1]:5433/holly",
                "postgres://[::1]:5433/holly",
            ),
            (
                "postgres:///holly?host=/run/postgresql&user=ada",
                "postgres:///run/postgresql:5432/holly",
            ),
            (
                "postgres://ada:secret#word@host/holly",
                "is not an address such as postgres://USER:PASSWORD@HOST:PORT/NAME",
            ),
            ("sqlite://data/holly.db?mode=rw", "sqlite://data/holly.db"),
        ] {
            assert_eq!(location(url), reported);
        }
    }
}
