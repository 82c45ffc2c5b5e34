//! Migrations: concurrent opening of a new database, a program older than its database, and the
//! backup before an upgrade.

use crate::{
    server::store::Store,
    tests::support::databases::{Postgres, Sqlite},
};
use futures::future::join_all;
use sqlx::{
    AnyConnection, Connection,
    migrate::{Migration, Migrator},
};
use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const INSERT_FUTURE_MIGRATION: &str = "insert into _sqlx_migrations \
    (version, description, success, checksum, execution_time) \
    select 9999, 'of tomorrow', success, checksum, 0 from _sqlx_migrations where version = 1";
const CHANGE_CHECKSUM: &str = "update _sqlx_migrations set checksum = \
    (select checksum from _sqlx_migrations where version = 2) where version = 1";

/// Changes the list of migrations and returns the error of the next open.
async fn open_error_after(change: &'static str, store: &Store, address: &str) -> String {
    let mut tx = store.begin().await.unwrap();
    assert_eq!(
        sqlx::query(change)
            .execute(&mut *tx)
            .await
            .unwrap()
            .rows_affected(),
        1
    );
    tx.commit().await.unwrap();
    Store::open(address)
        .await
        .err()
        .expect("the database should not open")
        .to_string()
}

/// Checks the errors for a database of a newer program and of other sources.
async fn check_refusals(store: &Store, address: &str) {
    let newer = open_error_after(INSERT_FUTURE_MIGRATION, store, address).await;
    assert!(
        newer.contains("newer Holly") && newer.contains("9999") && newer.contains("backup"),
        "{newer}"
    );
    let mut tx = store.begin().await.unwrap();
    sqlx::query("delete from _sqlx_migrations where version = 9999")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let other = open_error_after(CHANGE_CHECKSUM, store, address).await;
    assert!(other.contains("migration 1 is not the one"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_refused_on_sqlite() {
    let database = Sqlite::create().await;
    check_refusals(&database.store, &database.address()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_refused_on_postgres() {
    let database = Postgres::create().await;
    check_refusals(&database.store, &database.address()).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_sqlite_database_can_be_opened_concurrently() {
    let folder = TempDir::new().unwrap();
    let address = format!("sqlite://{}", folder.path().join("holly.db").display());
    let opening = (0..8).map(|_| {
        let address = address.clone();
        tokio::spawn(async move { Store::open(&address).await.map(|store| store.epoch()) })
    });
    let epochs: Vec<_> = join_all(opening)
        .await
        .into_iter()
        .map(|opened| opened.unwrap().unwrap())
        .collect();
    assert!(epochs.iter().all(|epoch| *epoch == epochs[0]), "{epochs:?}");
}

/// The last migration of this program.
fn last_migration() -> i64 {
    let known = sqlx::migrate!("migrations/sqlite");
    known.iter().map(|known| known.version).max().unwrap()
}

async fn execute(store: &Store, sql: &str) {
    let mut tx = store.begin().await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Checks that an older program opens the database only if each unknown migration allows it.
async fn check_older_program(store: &Store, address: &str) {
    execute(store, INSERT_FUTURE_MIGRATION).await;
    let allow = async |version: i64, min_version: i64| {
        let delete = format!("delete from meta where name = 'beside_{version}'");
        execute(store, &delete).await;
        let insert =
            format!("insert into meta (name, value) values ('beside_{version}', '{min_version}')");
        execute(store, &insert).await;
    };
    let opens = async || Store::open(address).await.map(|_| ());
    allow(9999, last_migration() + 1).await;
    let why = opens().await.unwrap_err().to_string();
    assert!(
        why.contains("migration 9999") && why.contains(&format!("up to {}", last_migration())),
        "{why}"
    );
    allow(9999, last_migration()).await;
    opens().await.unwrap();
    execute(store, &INSERT_FUTURE_MIGRATION.replace("9999", "9998")).await;
    let why = opens().await.unwrap_err().to_string();
    assert!(why.contains("migration 9998"), "{why}");
    allow(9998, 1).await;
    opens().await.unwrap();
    allow(9999, last_migration() + 1).await;
    let why = opens().await.unwrap_err().to_string();
    assert!(why.contains("migration 9999"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_runs_with_migrations_that_allow_it_on_sqlite() {
    let database = Sqlite::create().await;
    check_older_program(&database.store, &database.address()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_runs_with_migrations_that_allow_it_on_postgres() {
    let database = Postgres::create().await;
    check_older_program(&database.store, &database.address()).await;
    database.drop().await;
}

/// A SQLite database without the last migration, with a marker row in `meta`.
struct OutdatedDatabase {
    folder: TempDir,
}

impl OutdatedDatabase {
    async fn create() -> Self {
        let outdated = Self {
            folder: TempDir::new().unwrap(),
        };
        sqlx::any::install_default_drivers();
        let known = sqlx::migrate!("migrations/sqlite");
        let before: Vec<Migration> = known
            .iter()
            .filter(|known| known.version < last_migration())
            .cloned()
            .collect();
        let url = format!("{}?mode=rwc", outdated.address());
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        Migrator::with_migrations(before)
            .run_direct(None, &mut connection, false)
            .await
            .unwrap();
        sqlx::query("insert into meta (name, value) values ('written', 'before')")
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        outdated
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("holly.db")
    }

    fn address(&self) -> String {
        format!("sqlite://{}", self.database().display())
    }

    fn backup(&self) -> PathBuf {
        let name = format!("holly.db.before-{}", last_migration());
        self.folder.path().join(name)
    }

    /// All files with the name of a backup, complete or partial.
    fn backups(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files
            .map(|file| file.unwrap().path())
            .filter(|file| file.to_str().unwrap().contains(".before-"))
            .collect()
    }

    async fn open(&self) -> Result<(), String> {
        let store = Store::open(&self.address()).await;
        store.map(|_| ()).map_err(|why| why.to_string())
    }
}

/// A database's last migration and its marker row.
async fn migration_and_marker(database: &Path) -> (i64, String) {
    let url = format!("sqlite://{}", database.display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    let version = sqlx::query_scalar("select max(version) from _sqlx_migrations")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let written = sqlx::query_scalar("select value from meta where name = 'written'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    (version, written)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_database_is_backed_up_only_before_a_migration() {
    let outdated = OutdatedDatabase::create().await;
    outdated.open().await.unwrap();
    assert_eq!(outdated.backups(), [outdated.backup()]);
    let mode = std::fs::metadata(outdated.backup()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let (version, written) = migration_and_marker(&outdated.backup()).await;
    assert!(
        version < last_migration() && written == "before",
        "{version}"
    );
    assert_eq!(
        migration_and_marker(&outdated.database()).await,
        (last_migration(), "before".into())
    );
    std::fs::remove_file(outdated.backup()).unwrap();
    outdated.open().await.unwrap();
    assert_eq!(
        outdated.backups(),
        [] as [PathBuf; 0],
        "no migration is pending"
    );
    let new = Sqlite::create().await;
    let files = new.files();
    assert!(
        !files
            .iter()
            .any(|file| file.to_str().unwrap().contains(".before-")),
        "a new database should not be backed up: {files:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_failed_upgrade_is_replaced_by_a_new_one() {
    let outdated = OutdatedDatabase::create().await;
    std::fs::write(outdated.backup(), "of last week").unwrap();
    let partial = format!("{}.partial", outdated.backup().display());
    std::fs::write(partial, "interrupted").unwrap();
    outdated.open().await.unwrap();
    assert_eq!(outdated.backups(), [outdated.backup()]);
    let (version, written) = migration_and_marker(&outdated.backup()).await;
    assert!(
        version < last_migration() && written == "before",
        "{version}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_backup_nothing_is_migrated_unless_requested() {
    let outdated = OutdatedDatabase::create().await;
    // a folder in place of the backup file makes the backup fail
    std::fs::create_dir_all(outdated.backup().join("taken")).unwrap();
    let why = outdated.open().await.unwrap_err();
    assert!(
        why.contains(&format!("before migration {}", last_migration()))
            && why.contains("Nothing was changed")
            && why.contains("--without-backup"),
        "{why}"
    );
    assert_eq!(
        outdated.backups(),
        [outdated.backup()],
        "a partial copy remains"
    );
    let (version, written) = migration_and_marker(&outdated.database()).await;
    assert!(
        version < last_migration() && written == "before",
        "{version}"
    );
    let address = outdated.address();
    Store::open_without_backup(&address, &address)
        .await
        .unwrap();
    assert_eq!(
        migration_and_marker(&outdated.database()).await.0,
        last_migration()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_other_sources_is_not_backed_up_at_each_attempt() {
    let outdated = OutdatedDatabase::create().await;
    let mut connection = AnyConnection::connect(&outdated.address()).await.unwrap();
    sqlx::query(CHANGE_CHECKSUM)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert!(outdated.open().await.unwrap_err().contains("other sources"));
    assert_eq!(outdated.backups(), [] as [PathBuf; 0]);
}

/// Migrations up to this one do not state whether the previous release may run beside them;
/// docs/upgrade.md does.
const LAST_WITHOUT_STATEMENT: i64 = 11;
const STATEMENT_PREFIX: &str = "-- beside the previous release: ";

/// Whether a migration allows a server of the previous release beside it, by the comment at its
/// head; an error if its SQL does not agree with the comment.
fn allows_previous_release(version: i64, sql: &str) -> Result<bool, String> {
    let wrong = |what: &str| Err(format!("migration {version}: {what}"));
    let comments = sql.lines().take_while(|line| line.starts_with("--"));
    let lines: Vec<&str> = comments
        .filter_map(|line| line.strip_prefix(STATEMENT_PREFIX))
        .collect();
    let [line] = lines[..] else {
        return wrong(&format!(
            "the comment at its head has no one line `{STATEMENT_PREFIX}yes|no: REASON`"
        ));
    };
    let allowed = match line.split_once(": ") {
        Some(("yes", reason)) if !reason.trim().is_empty() => true,
        Some(("no", reason)) if !reason.trim().is_empty() => false,
        _ => return wrong("`yes: REASON` or `no: REASON` is expected"),
    };
    let begin = format!("insert into meta (name, value) values ('beside_{version}', '");
    let end = "')\n    on conflict (name) do update set value = excluded.value;";
    let noted = sql
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once(end));
    let min_version = noted.map(|(number, _)| number.parse::<i64>());
    match min_version {
        Some(Ok(min)) if allowed && (LAST_WITHOUT_STATEMENT..version).contains(&min) => Ok(true),
        None if !allowed && !sql.contains("beside_") => Ok(false),
        None if allowed => wrong(&format!(
            "it lacks `{begin}LAST_OF_THE_PREVIOUS_RELEASE{end}`"
        )),
        _ => wrong("what it notes is not what its head says"),
    }
}

#[test]
fn every_migration_states_whether_an_older_server_may_run_beside_it() {
    let checked_versions = |migrations: Migrator| -> BTreeSet<i64> {
        let new = migrations
            .iter()
            .filter(|new| new.version > LAST_WITHOUT_STATEMENT);
        new.map(|new| {
            allows_previous_release(new.version, new.sql.as_str()).unwrap();
            new.version
        })
        .collect()
    };
    assert_eq!(
        checked_versions(sqlx::migrate!("migrations/sqlite")),
        checked_versions(sqlx::migrate!("migrations/postgres"))
    );
}

#[test]
fn a_migrations_statement_must_match_its_sql() {
    let note = "insert into meta (name, value) values ('beside_13', '12')\n    \
                on conflict (name) do update set value = excluded.value;\n";
    let yes = "-- Colours.\n-- beside the previous release: yes: a column is added\n";
    let no = "-- beside the previous release: no: it renames a column\n";
    assert_eq!(
        allows_previous_release(13, &format!("{yes}create table colours ();\n{note}")),
        Ok(true)
    );
    assert_eq!(allows_previous_release(13, no), Ok(false));
    for wrong in [
        note.to_owned(),
        yes.to_owned(),
        format!("{no}{note}"),
        format!("{yes}{no}{note}"),
        format!("create table colours ();\n{yes}{note}"),
        format!("-- beside the previous release: yes: \n{note}"),
        format!("-- beside the previous release: maybe: who knows\n{note}"),
        format!("{yes}{}", note.replace("beside_13", "beside_12")),
        format!("{yes}{}", note.replace("'12'", "'13'")),
        format!("{yes}{}", note.replace("'12'", "'10'")),
        format!("{yes}{}", note.replace("'12'", "'all'")),
    ] {
        assert!(allows_previous_release(13, &wrong).is_err(), "{wrong}");
    }
}
