//! Copying a database into another: every row is copied, an interrupted copy continues, and rows
//! written to the target are never overwritten.

use crate::{
    domain::Status,
    server::{
        base::error::StoreError,
        store::{
            Result, Store,
            copy::{CopiedTable, CopyStep, copy},
        },
    },
    tests::support::{
        TestApp,
        databases::{Postgres, Sqlite},
        every_table::{dump, fill, tables},
        people::{NOW, entry, person},
    },
};
use std::collections::BTreeMap;

/// More rows than one batch.
const ROWS: i64 = 230;

fn no_progress() -> impl FnMut(CopyStep) -> Result<()> + Send {
    |_| Ok(())
}

/// Fails the copy at its step `n`.
fn fail_at(n: usize) -> impl FnMut(CopyStep) -> Result<()> + Send {
    let mut step = 0;
    move |_| {
        step += 1;
        if step > n {
            Err(StoreError::Unusable("interrupted".into()))
        } else {
            Ok(())
        }
    }
}

async fn copy_error(source: &Store, url: &str) -> String {
    copy(source, url, &mut no_progress())
        .await
        .unwrap_err()
        .to_string()
}

/// A database's rows, read through a copy into a new SQLite database.
async fn dump_by_copy(store: &Store) -> BTreeMap<String, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("back.db").display());
    copy(store, &url, &mut no_progress()).await.unwrap();
    let copied = Store::open(&url).await.unwrap();
    let dumped = dump(&copied).await;
    copied.close().await;
    dumped
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_table_survives_a_copy_to_postgres_and_back() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    fill(&source.store, ROWS).await;
    let report = copy(&source.store, &target.address(), &mut no_progress())
        .await
        .unwrap();
    assert!(!report.already);
    let mut names: Vec<_> = report
        .tables
        .iter()
        .map(|table| table.name.clone())
        .collect();
    names.sort();
    assert_eq!(
        names,
        tables(&mut source.store.read().await.unwrap()).await,
        "a table was not copied"
    );
    let copied = Store::open(&target.address()).await.unwrap();
    assert_eq!(
        copied.epoch(),
        source.store.epoch(),
        "cursors should stay valid"
    );
    assert_eq!(dump_by_copy(&copied).await, dump(&source.store).await);
    copied.close().await;
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_copy_continues_and_no_server_opens_it_meanwhile() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    fill(&source.store, 2).await;
    let mut breaks = 0;
    while copy(&source.store, &target.address(), &mut fail_at(breaks))
        .await
        .is_err()
    {
        let opened = Store::open(&target.address()).await.map(|_| ());
        // at the last step everything is copied and only the progress report fails
        match opened {
            Err(refused) => assert!(refused.to_string().contains("holly copy"), "{refused}"),
            Ok(()) => break,
        }
        breaks += 1;
    }
    assert!(
        breaks > 2 * tables(&mut source.store.read().await.unwrap()).await.len(),
        "only {breaks} interruptions"
    );
    let repeated = copy(&source.store, &target.address(), &mut no_progress())
        .await
        .unwrap();
    assert!(repeated.already);
    let copied = Store::open(&target.address()).await.unwrap();
    assert_eq!(dump_by_copy(&copied).await, dump(&source.store).await);
    copied.close().await;
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_in_the_source_between_two_runs_reach_the_target() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    fill(&source.store, 3).await;
    let (ada, bert) = (
        person(&source.store, "ada").await,
        person(&source.store, "bert").await,
    );
    entry(&source.store, ada, Status::Working, "original").await;
    let mut until_meta = |step: CopyStep| match step {
        CopyStep::Started(name, _) if name == "meta" => {
            Err(StoreError::Unusable("interrupted".into()))
        }
        _ => Ok(()),
    };
    copy(&source.store, &target.address(), &mut until_meta)
        .await
        .unwrap_err();
    let mut tx = source.store.begin().await.unwrap();
    let statements = [
        "delete from users where email = 'bert@example.org'",
        "update users set email = 'bert@example.org' where id = $1",
    ];
    sqlx::query(statements[0]).execute(&mut *tx).await.unwrap();
    sqlx::query(statements[1])
        .bind(ada.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("update work_logs set title = 'changed'")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    entry(&source.store, ada, Status::Success, "new").await;
    copy(&source.store, &target.address(), &mut no_progress())
        .await
        .unwrap();
    let copied = Store::open(&target.address()).await.unwrap();
    let arrived = dump_by_copy(&copied).await;
    assert_eq!(arrived, dump(&source.store).await);
    assert!(
        !arrived["users"]
            .iter()
            .any(|row| row.contains(&bert.to_string()))
    );
    copied.close().await;
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_other_data_is_refused_and_left_unchanged() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    person(&source.store, "ada").await;
    person(&target.store, "somebody").await;
    let before = dump_by_copy(&target.store).await;
    assert!(
        copy_error(&source.store, &target.address())
            .await
            .contains("user data of another database")
    );
    assert_eq!(dump_by_copy(&target.store).await, before);
    target.drop().await;

    let (other, target) = (Sqlite::create().await, Postgres::create().await);
    person(&other.store, "bert").await;
    copy(&other.store, &target.address(), &mut fail_at(3))
        .await
        .unwrap_err();
    assert!(
        copy_error(&source.store, &target.address())
            .await
            .contains("an unfinished copy of another")
    );
    copy(&other.store, &target.address(), &mut no_progress())
        .await
        .unwrap();
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_never_overwrites_rows_written_to_the_target() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    let ada = person(&source.store, "ada").await;
    let first = copy(&source.store, &target.address(), &mut no_progress())
        .await
        .unwrap();
    let second = copy(&source.store, &target.address(), &mut no_progress())
        .await
        .unwrap();
    let sorted = |mut tables: Vec<CopiedTable>| {
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        tables
    };
    assert!(second.already && sorted(second.tables) == sorted(first.tables));
    let copied = Store::open(&target.address()).await.unwrap();
    entry(&copied, ada, Status::Success, "written on the new database").await;
    let refused = copy_error(&source.store, &target.address()).await;
    assert!(
        refused.contains("work_logs") && refused.contains("now differ in"),
        "{refused}"
    );
    let titles: Vec<String> = sqlx::query_scalar("select title from work_logs")
        .fetch_all(&mut *copied.read().await.unwrap())
        .await
        .unwrap();
    assert_eq!(titles, ["written on the new database"]);
    copied.close().await;
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_continues_with_its_old_cursor_on_the_new_database() {
    let (old, target) = (TestApp::start().await, Postgres::create().await);
    let ada = old.person("ada@example.org").await;
    ada.notes("seen").await;
    let cursor = ada.cursor().await;
    let missed = ada.notes("missed").await;
    copy(&old.app.store, &target.address(), &mut no_progress())
        .await
        .unwrap();
    drop(old);
    let new = TestApp::on(&target.address(), None).await;
    let ada = new.also(&ada);
    let mut stream = ada.streams(&format!("after={cursor}")).await;
    let first = stream.next_named("entry").await;
    assert_eq!(
        (&first.data["entry"], first.data["prev"].as_str()),
        (&missed, Some(cursor.as_str())),
        "no reset, no gap"
    );
    let written = ada.notes("new").await;
    assert_eq!(stream.next_named("entry").await.data["entry"], written);
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_rows_are_copied_packed_and_read_the_same() {
    use crate::{
        domain::{EntryDraft, time::DAY_MS},
        server::{
            retention,
            store::work_logs,
            work_log::{Origin, create_work_log},
        },
        tests::support::{archives, people::draft},
    };
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    let ada = person(&source.store, "ada").await;
    let packed = EntryDraft {
        details: Some("Painted in three passes. ".repeat(9)),
        ..draft(Status::Success, "packed")
    };
    let created = create_work_log(&source.store, NOW, ada, packed, Origin::default())
        .await
        .unwrap();
    let run = retention::Run::at(retention::Policy::default(), NOW.plus(8 * DAY_MS));
    assert_eq!(
        retention::run_once(&archives::tiers(&source.store), run)
            .await
            .unwrap()
            .moved_to_warm,
        1
    );
    copy(&source.store, &target.address(), &mut no_progress())
        .await
        .unwrap();
    let copied = Store::open(&target.address()).await.unwrap();
    let read = async |store: &Store| {
        work_logs::find(&mut store.read().await.unwrap(), ada, created.id)
            .await
            .unwrap()
    };
    let packed = "select cast(length(packed) as bigint) from work_logs";
    let bytes: i64 = sqlx::query_scalar(packed)
        .fetch_one(&mut *copied.read().await.unwrap())
        .await
        .unwrap();
    assert!(bytes > 0);
    assert_eq!(read(&copied).await, read(&source.store).await);
    copied.close().await;
    target.drop().await;
}
