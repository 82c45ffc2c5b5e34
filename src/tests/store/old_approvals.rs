//! Approvals and grants of the last release: what still waits is settled when the database is
//! opened, and grants are forgotten.

use crate::{
    domain::{
        Approval, Decision, Status, WorkLogEntry,
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        base::{error::Error, new_id},
        store::{Store, approvals, heads, stats, tool_grants, work_logs},
        work_log::decide,
    },
    tests::support::{databases::Postgres, people::NOW},
};
use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, migrate::Migrator};

/// The last migration before approvals had rows.
const LAST_BEFORE: i64 = 12;
const UNTIL: Timestamp = NOW.plus(600_000);

async fn execute(connection: &mut AnyConnection, sql: String) {
    sqlx::query(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .unwrap();
}

/// A database as the last release leaves it: an owner with a grant, and one entry for each of these
/// states and approvals.
async fn create_old(
    connection: &mut AnyConnection,
    migrations: Migrator,
    entries: &[(EntryId, Status, Option<Approval>)],
) -> UserId {
    migrations
        .run_to(LAST_BEFORE, &mut *connection)
        .await
        .unwrap();
    let user = new_id::user(NOW);
    let (at, count) = (NOW.millis(), entries.len());
    let rows = [
        format!("insert into users (id, email, created_at) values ('{user}', 'a@b.c', 0)"),
        format!("insert into heads (user_id, head, floor) values ('{user}', {count}, 0)"),
        format!("insert into tool_grants values ('{user}', 'mail_send', 0)"),
    ];
    for sql in rows {
        execute(connection, sql).await;
    }
    for (n, (id, status, approval)) in entries.iter().enumerate() {
        let metadata = approval.map_or_else(|| json!({}), |state| json!({ "approval": state }));
        let sql = format!(
            "insert into work_logs (user_id, id, log_type, status, title, metadata, \
             storage_status, created_at, updated_at, lease_until, rev) values ('{user}', '{id}', \
             'tool_call', '{status}', 'Send', '{metadata}', 'hot', {at}, {at}, {at}, {})",
            n + 1
        );
        execute(connection, sql).await;
        let bytes = "Send".len() + metadata.to_string().len();
        let sql = format!(
            "insert into work_log_stats (user_id, day, log_type, status, tier, entries, bytes, \
             duration_ms, input_tokens, output_tokens, stored_bytes) values ('{user}', {}, \
             'tool_call', '{status}', 'hot', 1, {bytes}, 0, 0, 0, {bytes}) \
             on conflict (user_id, day, log_type, status, tier) do update set \
             entries = work_log_stats.entries + 1, bytes = work_log_stats.bytes + {bytes}, \
             stored_bytes = work_log_stats.stored_bytes + {bytes}",
            NOW.day()
        );
        execute(connection, sql).await;
    }
    user
}

async fn check(address: &str, mut connection: AnyConnection, migrations: Migrator) {
    let decided = Approval::Decided {
        decision: Decision::Once,
        by: new_id::user(NOW),
        at: NOW,
    };
    let waiting = Approval::Waiting { until: UNTIL };
    let states = [
        (Status::Working, Some(waiting)),
        (Status::Working, Some(decided)),
        (Status::Working, None),
        (Status::Warning, Some(waiting)),
        (Status::Working, Some(waiting)),
    ];
    let entries = states.map(|(status, approval)| (new_id::entry(NOW), status, approval));
    let user = create_old(&mut connection, migrations, &entries).await;
    connection.close().await.unwrap();

    for opening in ["first", "second"] {
        let store = Store::open(address).await.unwrap();
        let mut reader = store.read().await.unwrap();
        let mut read = Vec::new();
        for (id, ..) in entries {
            let found = work_logs::find(&mut reader, user, id).await.unwrap();
            read.push(found.unwrap());
            let row = approvals::find(&mut reader, user, id).await.unwrap();
            assert_eq!(row, None);
        }
        let shown = |entry: &WorkLogEntry| (entry.status, entry.metadata.approval(), entry.rev);
        let lapsed = Some(Approval::Lapsed { at: UNTIL });
        assert_eq!(
            read.iter().map(shown).collect::<Vec<_>>(),
            [
                (Status::Warning, lapsed, 6),
                (Status::Working, Some(decided), 2),
                (Status::Working, None, 3),
                (Status::Warning, Some(waiting), 4),
                (Status::Warning, lapsed, 7),
            ],
            "{opening} opening"
        );
        let head = heads::find(&mut reader, user).await.unwrap().head;
        assert_eq!(head, 7, "readers get what was settled");
        let lines = stats::since(&mut reader, 0).await.unwrap();
        let of = |status: Status| {
            let lines = lines.iter().filter(|line| line.status == status.as_str());
            lines.map(|line| line.entries).sum::<i64>()
        };
        assert_eq!((of(Status::Working), of(Status::Warning)), (2, 3));
        let granted = tool_grants::of_user(&mut reader, user).await.unwrap();
        let forgotten = tool_grants::forgotten(&mut reader, user).await.unwrap();
        assert_eq!(
            (granted, forgotten),
            (Vec::new(), vec!["mail_send".to_owned()])
        );
        drop(reader);
        for (n, decision) in [(0, Decision::Once), (3, Decision::Always)] {
            let late = decide(&store, NOW, user, None, entries[n].0, decision).await;
            assert!(matches!(late, Err(Error::Conflict(_))), "{n}: {late:?}");
        }
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_at_the_upgrade_is_settled_once_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite://{}", folder.path().join("holly.db").display());
    sqlx::any::install_default_drivers();
    let connection = AnyConnection::connect(&format!("{address}?mode=rwc")).await;
    let migrations = sqlx::migrate!("migrations/sqlite");
    check(&address, connection.unwrap(), migrations).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_at_the_upgrade_is_settled_once_on_postgres() {
    let database = Postgres::create().await;
    database.store.close().await;
    let mut connection = AnyConnection::connect(&database.address()).await.unwrap();
    execute(&mut connection, "drop schema public cascade".into()).await;
    execute(&mut connection, "create schema public".into()).await;
    let migrations = sqlx::migrate!("migrations/postgres");
    check(&database.address(), connection, migrations).await;
    database.drop().await;
}
