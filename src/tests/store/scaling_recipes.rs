//! The recipes of docs/scaling for a PostgreSQL that has outgrown one machine or one table: each is
//! checked against the schema, and run where a plain PostgreSQL can.

use crate::{
    domain::{
        Change, EntryPatch, Status, StorageStatus, WorkLogEntry,
        ids::UserId,
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::error::Error,
        retention::run_once,
        store::{Store, changes, work_logs::EntryFilter},
        work_log::{Origin, archived, create_work_log, recent_logs, update_work_log},
    },
    tests::support::{
        archives::{tiers, trusted},
        databases::Postgres,
        people::{NOW, draft, entry, person},
    },
};
use std::collections::{BTreeMap, BTreeSet};

const CITUS: &str = include_str!("../../../docs/scaling/citus.sql");
const PARTITIONS: &str = include_str!("../../../docs/scaling/partitions.sql");

/// The columns of every unique index, the primary key among them, by table.
async fn unique_indexes(store: &Store) -> BTreeMap<String, Vec<BTreeSet<String>>> {
    let sql = "select cast(t.relname as text), cast(i.indexrelid as bigint), \
               cast(c.attname as text) from pg_index i join pg_class t on t.oid = i.indrelid \
               join pg_attribute c on c.attrelid = t.oid and c.attnum = any(i.indkey) \
               where i.indisunique and t.relname <> '_sqlx_migrations' \
               and t.relnamespace = cast(current_schema() as regnamespace)";
    let rows: Vec<(String, i64, String)> = sqlx::query_as(sql)
        .fetch_all(&mut *store.read().await.unwrap())
        .await
        .unwrap();
    let mut indexes: BTreeMap<String, BTreeMap<i64, BTreeSet<String>>> = BTreeMap::new();
    for (table, index, column) in rows {
        indexes
            .entry(table)
            .or_default()
            .entry(index)
            .or_default()
            .insert(column);
    }
    indexes
        .into_iter()
        .map(|(table, indexes)| (table, indexes.into_values().collect()))
        .collect()
}

/// Table and distribution column of each line of the recipe; none for a reference table.
fn recipe() -> BTreeMap<&'static str, Option<&'static str>> {
    let line = |line: &'static str| {
        let words: Vec<&str> = line.split('\'').collect();
        match line.split('(').next()? {
            "select create_reference_table" => Some((words[1], None)),
            "select create_distributed_table" => Some((words[1], Some(words[3]))),
            _ => None,
        }
    };
    CITUS.lines().filter_map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_in_the_citus_recipe_and_its_keys_allow_distribution() {
    let (database, recipe) = (Postgres::create().await, recipe());
    let indexes = unique_indexes(&database.store).await;
    assert!(indexes.len() > 15, "{indexes:?}");
    for (table, unique) in &indexes {
        let column = recipe
            .get(table.as_str())
            .unwrap_or_else(|| panic!("docs/scaling/citus.sql does not mention {table}"));
        if let Some(column) = column {
            assert!(
                unique.iter().all(|index| index.contains(*column)),
                "{table} cannot be distributed by {column}: {unique:?}"
            );
        }
    }
    let by_owner = recipe
        .values()
        .filter(|column| **column == Some("user_id"))
        .count();
    assert!(
        by_owner > 12,
        "users' tables should be distributed by owner"
    );
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_text_column_sorts_by_bytes_whatever_the_databases_locale() {
    let database = Postgres::create().await;
    let sql = "select table_name || '.' || column_name from information_schema.columns \
               where table_schema = current_schema() and table_name <> '_sqlx_migrations' \
               and data_type = 'text' and collation_name is distinct from 'C' order by 1";
    let other_columns: Vec<String> = sqlx::query_scalar(sql)
        .fetch_all(&mut *database.store.read().await.unwrap())
        .await
        .unwrap();
    assert_eq!(
        other_columns,
        ["conversations.model"],
        "only a column that nothing sorts by"
    );
    database.drop().await;
}

/// The daily call of the recipe, at a date after every day of these tests.
const CREATE_PARTITIONS: &str = "select holly_partitions(0, '9000-01-01')";

async fn run_recipe(store: &Store, sql: &'static str) {
    let mut tx = store.begin().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn partitions(store: &Store) -> Vec<String> {
    let sql = "select cast(cast(inhrelid as regclass) as text) from pg_inherits \
               where inhparent = cast('work_logs' as regclass) order by 1";
    sqlx::query_scalar(sql)
        .fetch_all(&mut *store.read().await.unwrap())
        .await
        .unwrap()
}

async fn count_rows(store: &Store, name: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {name}"));
    sqlx::query_scalar(sql)
        .fetch_one(&mut *store.read().await.unwrap())
        .await
        .unwrap()
}

/// The partition of an entry's id. Ids of a process never go back in time, so other tests may have
/// moved the day.
fn partition_of(entry: &WorkLogEntry) -> String {
    let millis = i64::try_from(entry.id.uuid().as_u128() >> 80).unwrap();
    format!(
        "work_logs_{}",
        Timestamp::from_millis(millis).to_chrono().format("%Y%m%d")
    )
}

async fn create_idempotently(
    store: &Store,
    user: UserId,
    hash: &str,
) -> Result<WorkLogEntry, Error> {
    let origin = Origin {
        turn_id: None,
        idempotency: Some(("the same".to_owned(), hash.to_owned())),
    };
    create_work_log(
        store,
        NOW.plus(DAY_MS),
        user,
        draft(Status::Success, "once"),
        origin,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn daily_partitions_keep_every_rule_and_empty_days_are_dropped() {
    let database = Postgres::create().await;
    let store = &database.store;
    let ada = person(store, "ada").await;
    let before = entry(store, ada, Status::Working, "before the recipe").await;
    let head = before.rev;
    run_recipe(store, PARTITIONS).await;
    assert!(
        partitions(store).await.len() > 15,
        "partitions for the coming days"
    );
    assert_eq!(
        (
            count_rows(store, &partition_of(&before)).await,
            count_rows(store, "work_logs_rest").await
        ),
        (1, 0)
    );

    let created = create_idempotently(store, ada, "a").await.unwrap();
    assert_eq!(create_idempotently(store, ada, "a").await.unwrap(), created);
    assert!(matches!(
        create_idempotently(store, ada, "b").await,
        Err(Error::Conflict(_))
    ));
    let patch = EntryPatch {
        status: Some(Status::Success),
        ..EntryPatch::default()
    };
    let settled = update_work_log(store, NOW.plus(5), ada, before.id, patch)
        .await
        .unwrap();
    let page = changes::after(&mut store.connection().await.unwrap(), ada, head)
        .await
        .unwrap();
    assert_eq!(
        page.rows.iter().map(Change::rev).collect::<Vec<_>>(),
        [created.rev, settled.rev]
    );

    run_recipe(store, CREATE_PARTITIONS).await;
    let plan = format!(
        "explain select title from work_logs where user_id = '{ada}' and id = '{}'",
        created.id
    );
    let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(plan))
        .fetch_all(&mut *store.read().await.unwrap())
        .await
        .unwrap();
    let scanned = plan
        .iter()
        .filter(|line| line.contains("work_logs_"))
        .count();
    assert!(
        plan.join("\n").contains(&partition_of(&created)) && scanned == 1,
        "{plan:?}"
    );

    let tiers = tiers(store);
    let run = |days: i64| trusted(NOW.plus(days * DAY_MS));
    assert_eq!(run_once(&tiers, run(9)).await.unwrap().moved_to_warm, 2);
    assert_eq!(run_once(&tiers, run(33)).await.unwrap().moved_to_cold, 2);
    run_recipe(store, CREATE_PARTITIONS).await;
    assert_eq!(
        partitions(store).await,
        ["work_logs_90000101", "work_logs_rest"],
        "past and empty partitions should be dropped"
    );
    let listed = recent_logs(
        &mut store.read().await.unwrap(),
        &tiers.archive,
        ada,
        (&EntryFilter::default(), false),
        None,
        50,
    )
    .await
    .unwrap();
    assert!(
        listed.len() == 2
            && listed
                .iter()
                .all(|entry| entry.storage_status == StorageStatus::Cold)
    );
    let patch = EntryPatch {
        title: Some("changed long after".to_owned()),
        ..EntryPatch::default()
    };
    archived::update_entry(&tiers, NOW.plus(34 * DAY_MS), ada, created.id, patch)
        .await
        .unwrap();
    assert_eq!(
        count_rows(store, "work_logs_rest").await,
        1,
        "entries of a dropped day go to the rest"
    );
    database.drop().await;
}
