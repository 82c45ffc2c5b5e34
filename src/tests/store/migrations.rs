//! The tables' history: many who open a new database at once, a program that is older than the
//! database, and the copy that is made before an upgrade.

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

const OF_TOMORROW: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
    select 9999, 'of tomorrow', success, checksum, 0 from _sqlx_migrations where version = 1";
const OF_OTHER_SOURCES: &str = "update _sqlx_migrations set checksum = (select checksum from _sqlx_migrations where version = 2) where version = 1";

/// Changes the history and says what the next opening answers.
async fn opened_after(change: &'static str, store: &Store, address: &str) -> String {
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
        .expect("it does not open")
        .to_string()
}

/// A program that is older than the database, and one of other sources.
async fn is_refused_plainly(store: &Store, address: &str) {
    let newer = opened_after(OF_TOMORROW, store, address).await;
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
    let other = opened_after(OF_OTHER_SOURCES, store, address).await;
    assert!(other.contains("migration 1 is not the one"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_refused_plainly_on_sqlite() {
    let database = Sqlite::create().await;
    is_refused_plainly(&database.store, &database.address()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_refused_plainly_on_postgres() {
    let database = Postgres::create().await;
    is_refused_plainly(&database.store, &database.address()).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_a_new_sqlite_database_at_once() {
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

/// The last migration that this program knows.
fn last() -> i64 {
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

/// An older program runs beside migrations that it does not know if each of them lets it.
async fn runs_beside_what_allows_it(store: &Store, address: &str) {
    execute(store, OF_TOMORROW).await;
    let allow = async |version: i64, least: i64| {
        let forget = format!("delete from meta where name = 'beside_{version}'");
        execute(store, &forget).await;
        let note = format!("insert into meta (name, value) values ('beside_{version}', '{least}')");
        execute(store, &note).await;
    };
    let opens = async || Store::open(address).await.map(|_| ());
    allow(9999, last() + 1).await;
    let why = opens().await.unwrap_err().to_string();
    assert!(
        why.contains("migration 9999") && why.contains(&format!("up to {}", last())),
        "{why}"
    );
    allow(9999, last()).await;
    opens().await.unwrap();
    execute(store, &OF_TOMORROW.replace("9999", "9998")).await;
    let why = opens().await.unwrap_err().to_string();
    assert!(why.contains("migration 9998"), "{why}");
    allow(9998, 1).await;
    opens().await.unwrap();
    allow(9999, last() + 1).await;
    let why = opens().await.unwrap_err().to_string();
    assert!(why.contains("migration 9999"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_runs_beside_migrations_that_allow_it_on_sqlite() {
    let database = Sqlite::create().await;
    runs_beside_what_allows_it(&database.store, &database.address()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_runs_beside_migrations_that_allow_it_on_postgres() {
    let database = Postgres::create().await;
    runs_beside_what_allows_it(&database.store, &database.address()).await;
    database.drop().await;
}

/// A SQLite database that lacks the last migration, with a fact in it.
struct Outdated {
    folder: TempDir,
}

impl Outdated {
    async fn create() -> Self {
        let outdated = Self {
            folder: TempDir::new().unwrap(),
        };
        sqlx::any::install_default_drivers();
        let known = sqlx::migrate!("migrations/sqlite");
        let before: Vec<Migration> = known
            .iter()
            .filter(|known| known.version < last())
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
        let name = format!("holly.db.before-{}", last());
        self.folder.path().join(name)
    }

    /// The files whose name begins as a backup's.
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

/// The last migration of a database, and what was written before.
async fn found_in(database: &Path) -> (i64, String) {
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
async fn a_sqlite_database_is_backed_up_before_its_tables_change_and_only_then() {
    let outdated = Outdated::create().await;
    outdated.open().await.unwrap();
    assert_eq!(outdated.backups(), [outdated.backup()]);
    let mode = std::fs::metadata(outdated.backup()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let (version, written) = found_in(&outdated.backup()).await;
    assert!(version < last() && written == "before", "{version}");
    assert_eq!(
        found_in(&outdated.database()).await,
        (last(), "before".into())
    );
    std::fs::remove_file(outdated.backup()).unwrap();
    outdated.open().await.unwrap();
    assert_eq!(outdated.backups(), [] as [PathBuf; 0], "nothing is pending");
    let new = Sqlite::create().await;
    let files = new.files();
    assert!(
        !files
            .iter()
            .any(|file| file.to_str().unwrap().contains(".before-")),
        "a new database is not backed up: {files:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_upgrade_that_did_not_happen_is_replaced_by_one_with_all_that_was_written() {
    let outdated = Outdated::create().await;
    std::fs::write(outdated.backup(), "of last week").unwrap();
    let partial = format!("{}.partial", outdated.backup().display());
    std::fs::write(partial, "interrupted").unwrap();
    outdated.open().await.unwrap();
    assert_eq!(outdated.backups(), [outdated.backup()]);
    let (version, written) = found_in(&outdated.backup()).await;
    assert!(version < last() && written == "before", "{version}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_backup_nothing_changes_unless_that_is_asked_for() {
    let outdated = Outdated::create().await;
    // no file can take its place
    std::fs::create_dir_all(outdated.backup().join("taken")).unwrap();
    let why = outdated.open().await.unwrap_err();
    assert!(
        why.contains(&format!("before migration {}", last()))
            && why.contains("Nothing was changed")
            && why.contains("--without-backup"),
        "{why}"
    );
    assert_eq!(
        outdated.backups(),
        [outdated.backup()],
        "no part of a copy is left"
    );
    let (version, written) = found_in(&outdated.database()).await;
    assert!(version < last() && written == "before", "{version}");
    let address = outdated.address();
    Store::open_without_backup(&address, &address)
        .await
        .unwrap();
    assert_eq!(found_in(&outdated.database()).await.0, last());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_other_sources_is_not_backed_up_at_each_attempt() {
    let outdated = Outdated::create().await;
    let mut connection = AnyConnection::connect(&outdated.address()).await.unwrap();
    sqlx::query(OF_OTHER_SOURCES)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert!(outdated.open().await.unwrap_err().contains("other sources"));
    assert_eq!(outdated.backups(), [] as [PathBuf; 0]);
}

/// Landed before migrations said whether an older server may run beside them; docs/deploy.md says
/// it of these.
const SILENT: i64 = 11;
const HEAD: &str = "-- beside the previous release: ";

/// What a migration says about a server of the release before it, and whether its statements agree.
fn said(version: i64, sql: &str) -> Result<bool, String> {
    let wrong = |what: &str| Err(format!("migration {version}: {what}"));
    let comments = sql.lines().take_while(|line| line.starts_with("--"));
    let lines: Vec<&str> = comments
        .filter_map(|line| line.strip_prefix(HEAD))
        .collect();
    let [line] = lines[..] else {
        return wrong(&format!(
            "the comment at its head has no one line `{HEAD}yes|no: REASON`"
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
    let least = noted.map(|(least, _)| least.parse::<i64>());
    match least {
        Some(Ok(least)) if allowed && (SILENT..version).contains(&least) => Ok(true),
        None if !allowed && !sql.contains("beside_") => Ok(false),
        None if allowed => wrong(&format!(
            "it lacks `{begin}LAST_OF_THE_PREVIOUS_RELEASE{end}`"
        )),
        _ => wrong("what it notes is not what its head says"),
    }
}

#[test]
fn every_migration_says_whether_an_older_server_may_run_beside_it_and_notes_that() {
    let heard = |migrations: Migrator| -> BTreeSet<i64> {
        let new = migrations.iter().filter(|new| new.version > SILENT);
        new.map(|new| {
            said(new.version, new.sql.as_str()).unwrap();
            new.version
        })
        .collect()
    };
    assert_eq!(
        heard(sqlx::migrate!("migrations/sqlite")),
        heard(sqlx::migrate!("migrations/postgres"))
    );
}

#[test]
fn what_a_migration_says_is_held_against_what_it_notes() {
    let note = "insert into meta (name, value) values ('beside_13', '12')\n    \
                on conflict (name) do update set value = excluded.value;\n";
    let yes = "-- Colours.\n-- beside the previous release: yes: a column is added\n";
    let no = "-- beside the previous release: no: it renames a column\n";
    assert_eq!(
        said(13, &format!("{yes}create table colours ();\n{note}")),
        Ok(true)
    );
    assert_eq!(said(13, no), Ok(false));
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
        assert!(said(13, &wrong).is_err(), "{wrong}");
    }
}
