//! The statistics name the assistant's models and tools only. Entries from outside are counted
//! without a name, and the migration takes the names away that came from them before.

use crate::{
    domain::{EntryDraft, EntryPatch, LogType, Metadata, Status, UNKNOWN_TOOL, ids::UserId},
    server::{
        base::{error::Error, new_id},
        files::FileStore,
        identity::{RequestedBy, delete_account},
        store::{Store, durations, hours},
        work_log::{Origin, create_work_log, update_work_log},
    },
    tests::support::{
        archives::tiers,
        databases::{Postgres, Sqlite, on_both_databases},
        every_table,
        people::{NOW, draft, person, turn},
    },
};
use serde_json::json;
use sqlx::{
    AnyConnection, AssertSqlSafe, Connection,
    migrate::{Migration, Migrator},
};
use std::collections::BTreeMap;

const CANARY: &str = "CANARY-7f3a9e52";
/// The migration that takes names away.
const MIGRATION: i64 = 15;

fn answer(metadata: Metadata) -> EntryDraft {
    EntryDraft {
        log_type: LogType::AiResponse,
        metadata,
        duration_ms: Some(20),
        ..draft(Status::Success, "An answer")
    }
}

fn call(tool: &str) -> EntryDraft {
    EntryDraft {
        log_type: LogType::ToolCall,
        metadata: Metadata::default().with("tool", tool),
        duration_ms: Some(20),
        ..draft(Status::Success, "A call")
    }
}

/// The number of entries by source and name, which is the same by hour and by day.
async fn counted(store: &Store) -> BTreeMap<(String, String), i64> {
    let mut reader = store.read().await.unwrap();
    let lines = durations::since(&mut reader, 0).await.unwrap();
    assert_eq!(hours::durations(&mut reader, 0).await.unwrap(), lines);
    let mut counted = BTreeMap::new();
    for line in lines {
        *counted.entry((line.source, line.name)).or_default() += line.entries;
    }
    counted
}

fn expected(lines: &[(&str, &str, i64)]) -> BTreeMap<(String, String), i64> {
    lines
        .iter()
        .map(|(source, name, entries)| (((*source).into(), (*name).into()), *entries))
        .collect()
}

on_both_databases! {
    async fn only_entries_of_a_turn_are_counted_by_name(store: Store) {
        let ada = person(&store, "ada").await;
        let of_turn = Origin {
            turn_id: Some(turn(&store, ada).await.id),
            ..Origin::default()
        };
        let create = async |draft: EntryDraft, origin: &Origin| {
            create_work_log(&store, NOW, ada, draft, origin.clone()).await.unwrap()
        };
        let model = Metadata::default().with("modelName", "Gemini").with("fallback", true);
        let unknown = EntryDraft {
            metadata: Metadata::default().with("tool", CANARY).with(UNKNOWN_TOOL, true),
            ..call("")
        };
        for origin in [&of_turn, &Origin::default()] {
            create(answer(model.clone()), origin).await;
            create(call("paint"), origin).await;
            create(unknown.clone(), origin).await;
        }
        create(answer(Metadata::default().with("model", CANARY)), &Origin::default()).await;
        assert_eq!(
            counted(&store).await,
            expected(&[
                ("model", "", 2),
                ("model", "Gemini", 1),
                ("tool", "", 3),
                ("tool", "paint", 1),
            ])
        );
        let mut reader = store.read().await.unwrap();
        let answers = durations::answers(&mut reader, 0).await.unwrap();
        assert_eq!((answers[0].answers, answers[0].fallbacks), (1, 1));
        assert_eq!(hours::answers(&mut reader, 0).await.unwrap()[0].answers, 1);
    }

    async fn the_owner_cannot_change_the_names_of_a_turns_entry(store: Store) {
        let ada = person(&store, "ada").await;
        let of_turn = Origin {
            turn_id: Some(turn(&store, ada).await.id),
            ..Origin::default()
        };
        let running = EntryDraft {
            status: Status::Working,
            ..call("paint")
        };
        let entry = create_work_log(&store, NOW, ada, running, of_turn).await.unwrap();
        let patch = |name: &str, value| EntryPatch {
            metadata: Some(Metadata::default().with(name, value).0),
            ..EntryPatch::default()
        };
        for name in ["tool", "model", "modelName", UNKNOWN_TOOL] {
            let changed = update_work_log(&store, NOW, ada, entry.id, patch(name, json!(CANARY)));
            assert!(matches!(changed.await, Err(Error::Refused(_))), "{name}");
        }
        for (name, value) in [("tool", json!("paint")), ("note", json!(CANARY))] {
            let changed = update_work_log(&store, NOW, ada, entry.id, patch(name, value));
            changed.await.unwrap();
        }
        let own = create_work_log(&store, NOW, ada, call("paint"), Origin::default()).await;
        let changed = update_work_log(&store, NOW, ada, own.unwrap().id, patch("tool", json!("x")));
        assert_eq!(changed.await.unwrap().metadata.text("tool"), Some("x"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_an_erased_accounts_names() {
    let database = Sqlite::create().await;
    let store = &database.store;
    let ada = person(store, "ada").await;
    person(store, "bob").await;
    let unknown = Metadata::default()
        .with("tool", CANARY)
        .with(UNKNOWN_TOOL, true);
    let of_turn = Origin {
        turn_id: Some(new_id::turn(NOW)),
        ..Origin::default()
    };
    for (draft, origin) in [
        (call(CANARY), Origin::default()),
        (
            answer(Metadata::default().with("model", CANARY)),
            Origin::default(),
        ),
        (
            answer(Metadata::default().with("modelName", CANARY)),
            Origin::default(),
        ),
        (
            EntryDraft {
                metadata: unknown,
                ..call("")
            },
            of_turn,
        ),
    ] {
        create_work_log(store, NOW, ada, draft, origin)
            .await
            .unwrap();
    }
    let found = async || {
        let tables = every_table::dump(store).await;
        let rows = tables.into_values().flatten();
        rows.filter(|row| row.contains(CANARY)).count()
    };
    assert_eq!(found().await, 4, "it is in the entries only");
    let folder = tempfile::tempdir().unwrap();
    let files = FileStore::open("file:///nowhere", folder.path()).unwrap();
    delete_account(&tiers(store), &files, NOW, ada, RequestedBy::Owner, |_| {})
        .await
        .unwrap();
    assert_eq!(found().await, 0);
    assert_eq!(counted(store).await.values().sum::<i64>(), 4);
}

/// Rows of an earlier release.
fn old_rows(user: UserId) -> Vec<String> {
    let turn = new_id::turn(NOW);
    let mut sql = vec![
        format!("insert into users (id, email, created_at) values ('{user}', 'ada@x.org', 0)"),
        format!(
            "insert into messages (user_id, id, conversation_id, turn_id, role, content, status, \
             facts, created_at, updated_at, rev) values ('{user}', '{}', '{}', '{turn}', \
             'assistant', 'Hello', 'done', '{{\"modelName\":\"Of an answer\"}}', 0, 0, 3)",
            new_id::message(NOW),
            new_id::conversation(NOW)
        ),
    ];
    for (rev, log_type, turn, metadata) in [
        (1, "tool_call", Some(turn), r#"{"tool":"of_a_turn"}"#),
        (
            2,
            "ai_response",
            Some(turn),
            r#"{"model":"m","modelName":"Of a turn"}"#,
        ),
        (4, "tool_call", None, r#"{"tool":"CANARY tool"}"#),
        (5, "ai_response", None, r#"{"model":"CANARY model"}"#),
    ] {
        let turn = turn.map_or("null".to_owned(), |turn| format!("'{turn}'"));
        sql.push(format!(
            "insert into work_logs (user_id, id, turn_id, log_type, status, title, metadata, \
             storage_status, created_at, updated_at, rev) values ('{user}', '{}', {turn}, \
             '{log_type}', 'success', 'x', '{metadata}', 'hot', 0, 0, {rev})",
            new_id::entry(NOW)
        ));
    }
    sql.extend(old_counts(user));
    sql
}

/// Counts of each name as an earlier release stored them.
fn old_counts(user: UserId) -> Vec<String> {
    let mut sql = Vec::new();
    for (source, log_type, names) in [
        (
            "tool",
            "tool_call",
            ["of_a_turn", "write_note", "CANARY tool", "CANARY 'x\"", ""],
        ),
        (
            "model",
            "ai_response",
            [
                "Of a turn",
                "Of an answer",
                "CANARY model",
                "write_note",
                "",
            ],
        ),
    ] {
        for name in names {
            let name = name.replace('\'', "''");
            sql.push(format!(
                "insert into work_log_durations (user_id, day, source, name, bucket, entries, \
                 failed, fallbacks, tokens, first_token_ms, first_tokens) \
                 values ('{user}', 20000, '{source}', '{name}', 5, 3, 0, 1, 7, 11, 1)"
            ));
            sql.push(format!(
                "insert into work_log_hours (user_id, hour, log_type, status, name, bucket, \
                 entries, fallbacks, input_tokens, output_tokens, first_token_ms, first_tokens) \
                 values ('{user}', 480000, '{log_type}', 'success', '{name}', 5, 3, 1, 3, 4, 11, 1)"
            ));
        }
    }
    sql
}

/// Migrates an older database, empty at this address, and checks its names.
async fn check_migration(known: Migrator, address: &str) {
    let before: Vec<Migration> = known
        .iter()
        .filter(|known| known.version < MIGRATION)
        .cloned()
        .collect();
    let mut connection = AnyConnection::connect(address).await.unwrap();
    Migrator::with_migrations(before)
        .run_direct(None, &mut connection, false)
        .await
        .unwrap();
    for sql in old_rows(new_id::user(NOW)) {
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    let store = Store::open(address).await.unwrap();
    assert_eq!(
        counted(&store).await,
        expected(&[
            ("model", "", 9),
            ("model", "Of a turn", 3),
            ("model", "Of an answer", 3),
            ("tool", "", 9),
            ("tool", "of_a_turn", 3),
            ("tool", "write_note", 3),
        ])
    );
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_stored_before_stay_if_holly_used_them_on_sqlite() {
    sqlx::any::install_default_drivers();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holly.db");
    let address = format!("sqlite://{}?mode=rwc", path.display());
    check_migration(sqlx::migrate!("migrations/sqlite"), &address).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_stored_before_stay_if_holly_used_them_on_postgres() {
    let database = Postgres::create().await;
    database.store.close().await;
    let mut connection = AnyConnection::connect(&database.address()).await.unwrap();
    for sql in ["drop schema public cascade", "create schema public"] {
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    check_migration(sqlx::migrate!("migrations/postgres"), &database.address()).await;
    database.drop().await;
}
