//! Encrypted connections to PostgreSQL, as a user whom the server refuses without TLS.

use crate::server::store::{ListenConnection, Store};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run `make test`"))
}

/// The address of the server that accepts `tls_only` over TLS only.
fn address(host: &str, parameters: &str) -> String {
    let address = variable("HOLLY_TEST_POSTGRES_TLS").replace("localhost", host);
    format!("{address}?{parameters}")
}

#[tokio::test]
async fn encrypted_connections_to_postgresql_by_table() {
    let ca = variable("HOLLY_TEST_POSTGRES_CA");
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.crt").display().to_string();
    let rooted = |mode: &str| format!("sslmode={mode}&sslrootcert={ca}");
    for (host, parameters, error) in [
        ("localhost", "sslmode=prefer".to_owned(), None),
        ("localhost", "sslmode=require".to_owned(), None),
        ("127.0.0.1", rooted("verify-ca"), None),
        ("localhost", rooted("verify-full"), None),
        (
            "127.0.0.1",
            rooted("verify-full"),
            Some(["not valid for name", "use the host name of the certificate"]),
        ),
        (
            "localhost",
            "sslmode=verify-full".to_owned(),
            Some(["UnknownIssuer", "set sslrootcert=PATH"]),
        ),
        (
            "localhost",
            "sslmode=verify-ca".to_owned(),
            Some(["UnknownIssuer", "set sslrootcert=PATH"]),
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={missing}"),
            Some([missing.as_str(), "cannot be read"]),
        ),
        (
            "localhost",
            "sslmode=sometimes".to_owned(),
            Some(["sslmode is \"sometimes\"", "must be one of disable"]),
        ),
        (
            "localhost",
            "sslmode=disable".to_owned(),
            Some(["no encryption", "add sslmode=require"]),
        ),
    ] {
        let url = address(host, &parameters);
        let checked = Store::check_connection(&url, &url).await;
        let Some(parts) = error else {
            assert_eq!(checked, Ok(()), "{host} {parameters}");
            let listening = ListenConnection::open(&url, &["holly_test_tls"]).await;
            assert!(listening.is_ok(), "{host} {parameters}");
            continue;
        };
        let problems = checked.unwrap_err();
        let start = format!("DATABASE_URL postgres://{host}:");
        assert!(
            problems[0].starts_with(&start),
            "{parameters}: {problems:?}"
        );
        for part in parts {
            assert!(problems[0].contains(part), "{parameters}: {problems:?}");
        }
    }
}

#[tokio::test]
async fn pools_and_migrations_use_tls_too() {
    let cluster = address(
        "localhost",
        &format!(
            "sslmode=verify-full&sslrootcert={}",
            variable("HOLLY_TEST_POSTGRES_CA")
        ),
    );
    let copied = crate::tests::support::databases::create_empty(&cluster).await;
    let store = Store::open(&copied).await.unwrap();
    let sql = "select count(*) from pg_stat_ssl s join pg_stat_activity a on a.pid = s.pid \
               where a.datname = current_database() and not s.ssl";
    let plain: i64 = sqlx::query_scalar(sql)
        .fetch_one(&mut *store.read().await.unwrap())
        .await
        .unwrap();
    assert_eq!(plain, 0);
    store.close().await;
    crate::tests::support::databases::drop_copy(&copied).await;
}
