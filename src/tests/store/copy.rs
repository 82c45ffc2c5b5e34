//! Copying a database into another: everything, whatever is broken off, and nothing over what
//! others have written.

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

/// More rows than are read or written at once.
const MANY: i64 = 230;

fn quietly() -> impl FnMut(CopyStep) -> Result<()> + Send {
    |_| Ok(())
}

/// Breaks the copy off at its step `n`.
fn broken_at(n: usize) -> impl FnMut(CopyStep) -> Result<()> + Send {
    let mut at = 0;
    move |_| {
        at += 1;
        if at > n {
            Err(StoreError::Unusable("broken off".into()))
        } else {
            Ok(())
        }
    }
}

async fn refusal(source: &Store, url: &str) -> String {
    copy(source, url, &mut quietly())
        .await
        .unwrap_err()
        .to_string()
}

/// What a database holds, read by way of a new SQLite database.
async fn brought_back(store: &Store) -> BTreeMap<String, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("back.db").display());
    copy(store, &url, &mut quietly()).await.unwrap();
    let back = Store::open(&url).await.unwrap();
    let dumped = dump(&back).await;
    back.close().await;
    dumped
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_table_goes_to_postgres_and_comes_back_the_same() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    fill(&source.store, MANY).await;
    let copied = copy(&source.store, &target.address(), &mut quietly())
        .await
        .unwrap();
    assert!(!copied.already);
    let mut names: Vec<_> = copied
        .tables
        .iter()
        .map(|table| table.name.clone())
        .collect();
    names.sort();
    assert_eq!(
        names,
        tables(&mut source.store.read().await.unwrap()).await,
        "a table of the migrations was left out"
    );
    let there = Store::open(&target.address()).await.unwrap();
    assert_eq!(
        there.epoch(),
        source.store.epoch(),
        "cursors are of the same life"
    );
    assert_eq!(brought_back(&there).await, dump(&source.store).await);
    there.close().await;
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_off_at_any_step_it_goes_on_and_no_server_opens_it_meanwhile() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    fill(&source.store, 2).await;
    let mut breaks = 0;
    while copy(&source.store, &target.address(), &mut broken_at(breaks))
        .await
        .is_err()
    {
        let opened = Store::open(&target.address()).await.map(|_| ());
        // at the last step everything is there and only its verification was not told
        match opened {
            Err(refused) => assert!(refused.to_string().contains("holly copy"), "{refused}"),
            Ok(()) => break,
        }
        breaks += 1;
    }
    assert!(
        breaks > 2 * tables(&mut source.store.read().await.unwrap()).await.len(),
        "only {breaks} breaks"
    );
    let again = copy(&source.store, &target.address(), &mut quietly())
        .await
        .unwrap();
    assert!(again.already);
    let there = Store::open(&target.address()).await.unwrap();
    assert_eq!(brought_back(&there).await, dump(&source.store).await);
    there.close().await;
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_in_the_source_between_two_runs_is_changed_in_the_target() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    fill(&source.store, 3).await;
    let (ada, bert) = (
        person(&source.store, "ada").await,
        person(&source.store, "bert").await,
    );
    entry(&source.store, ada, Status::Working, "as it was").await;
    let mut until_the_facts = |step: CopyStep| match step {
        CopyStep::Begun(name, _) if name == "meta" => {
            Err(StoreError::Unusable("broken off".into()))
        }
        _ => Ok(()),
    };
    copy(&source.store, &target.address(), &mut until_the_facts)
        .await
        .unwrap_err();
    let mut tx = source.store.begin().await.unwrap();
    let taken_over = [
        "delete from users where email = 'bert@example.org'",
        "update users set email = 'bert@example.org' where id = $1",
    ];
    sqlx::query(taken_over[0]).execute(&mut *tx).await.unwrap();
    sqlx::query(taken_over[1])
        .bind(ada.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("update work_logs set title = 'as it is'")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    entry(&source.store, ada, Status::Success, "new").await;
    copy(&source.store, &target.address(), &mut quietly())
        .await
        .unwrap();
    let there = Store::open(&target.address()).await.unwrap();
    let arrived = brought_back(&there).await;
    assert_eq!(arrived, dump(&source.store).await);
    assert!(
        !arrived["users"]
            .iter()
            .any(|row| row.contains(&bert.to_string()))
    );
    there.close().await;
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_holds_something_else_is_refused_and_left_as_it_is() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    person(&source.store, "ada").await;
    person(&target.store, "somebody").await;
    let before = brought_back(&target.store).await;
    assert!(
        refusal(&source.store, &target.address())
            .await
            .contains("not of this database")
    );
    assert_eq!(brought_back(&target.store).await, before);
    target.drop().await;

    let (other, target) = (Sqlite::create().await, Postgres::create().await);
    person(&other.store, "bert").await;
    copy(&other.store, &target.address(), &mut broken_at(3))
        .await
        .unwrap_err();
    assert!(
        refusal(&source.store, &target.address())
            .await
            .contains("half a copy of another")
    );
    copy(&other.store, &target.address(), &mut quietly())
        .await
        .unwrap();
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_finds_everything_there_and_never_writes_over_what_came_since() {
    let (source, target) = (Sqlite::create().await, Postgres::create().await);
    let ada = person(&source.store, "ada").await;
    let first = copy(&source.store, &target.address(), &mut quietly())
        .await
        .unwrap();
    let second = copy(&source.store, &target.address(), &mut quietly())
        .await
        .unwrap();
    let in_order = |mut tables: Vec<CopiedTable>| {
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        tables
    };
    assert!(second.already && in_order(second.tables) == in_order(first.tables));
    let there = Store::open(&target.address()).await.unwrap();
    entry(&there, ada, Status::Success, "written on the new database").await;
    let refused = refusal(&source.store, &target.address()).await;
    assert!(
        refused.contains("work_logs") && refused.contains("written to"),
        "{refused}"
    );
    let titles: Vec<String> = sqlx::query_scalar("select title from work_logs")
        .fetch_all(&mut *there.read().await.unwrap())
        .await
        .unwrap();
    assert_eq!(titles, ["written on the new database"]);
    there.close().await;
    target.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_goes_on_with_its_old_cursor_on_the_new_database() {
    let (old, target) = (TestApp::start().await, Postgres::create().await);
    let ada = old.person("ada@example.org").await;
    ada.notes("seen").await;
    let cursor = ada.cursor().await;
    let missed = ada.notes("missed").await;
    copy(&old.app.store, &target.address(), &mut quietly())
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
async fn packed_rows_arrive_packed_and_read_the_same() {
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
    let made = create_work_log(&source.store, NOW, ada, packed, Origin::default())
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
    copy(&source.store, &target.address(), &mut quietly())
        .await
        .unwrap();
    let there = Store::open(&target.address()).await.unwrap();
    let read = async |store: &Store| {
        work_logs::find(&mut store.read().await.unwrap(), ada, made.id)
            .await
            .unwrap()
    };
    let packed = "select cast(length(packed) as bigint) from work_logs";
    let bytes: i64 = sqlx::query_scalar(packed)
        .fetch_one(&mut *there.read().await.unwrap())
        .await
        .unwrap();
    assert!(bytes > 0);
    assert_eq!(read(&there).await, read(&source.store).await);
    there.close().await;
    target.drop().await;
}
