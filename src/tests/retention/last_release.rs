//! Data of the last release: the migration closes a half-filled object, and every entry is read,
//! archived and expires as usual.

use crate::{
    domain::{
        Approval, Decision, LogType, Metadata, Scopes, Status, StorageStatus, WorkLogEntry,
        ids::{EntryId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        archive::{Archive, Tiers, object, reader},
        base::{error::Error, new_id},
        identity::check_key,
        retention::{Report, run_once},
        store::{
            Store, durations, people,
            retention::{lease, manifest::Manifest, objects},
            stats, tool_grants,
            work_logs::{EntryFilter, StoredEntry},
        },
        work_log::decide,
    },
    tests::support::{
        archives::{no_archive, trusted},
        databases::Postgres,
        last_release::data_folder,
        people::NOW,
    },
};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use std::collections::BTreeSet;

const fn days(days: i64) -> Timestamp {
    NOW.plus(days * DAY_MS)
}

async fn listed(tiers: &Tiers, user: UserId) -> Vec<WorkLogEntry> {
    let filter = EntryFilter::default();
    let mut reader = tiers.store.read().await.unwrap();
    reader::list(
        &mut reader,
        &tiers.archive,
        user,
        (&filter, false),
        None,
        1_000,
    )
    .await
    .unwrap()
}

async fn run(tiers: &Tiers, at: Timestamp) -> Report {
    let report = run_once(tiers, trusted(at)).await.unwrap();
    assert_eq!((report.failed, report.busy), (0, false), "{report:?}");
    report
}

/// Checks the totals against a recount.
async fn check_totals(tiers: &Tiers, listed: &[WorkLogEntry]) {
    let mut reader = tiers.store.read().await.unwrap();
    let lines = stats::since(&mut reader, 0).await.unwrap();
    for tier in StorageStatus::ALL {
        let totals = lines.iter().filter(|line| line.tier == tier.as_str());
        let entries = listed.iter().filter(|entry| entry.storage_status == *tier);
        assert_eq!(
            totals.map(|line| line.entries).sum::<i64>(),
            entries.count() as i64,
            "{tier}"
        );
    }
}

/// Titles and tiers, sorted by title. Titles are cut off before a NUL, which follows a space.
fn titles(listed: &[WorkLogEntry]) -> Vec<(String, StorageStatus)> {
    let mut titles: Vec<_> = listed
        .iter()
        .map(|entry| (entry.title.clone(), entry.storage_status))
        .map(|(title, tier)| (title.split(" \0").next().unwrap_or_default().into(), tier))
        .map(|(title, tier): (String, _)| (title.split(" ␀").next().unwrap().into(), tier))
        .collect();
    titles.sort_by(|a: &(String, _), b| a.0.cmp(&b.0));
    titles
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_of_the_last_release_is_migrated_and_usable() {
    let folder = data_folder();
    let url = format!("sqlite://{}", folder.path().join("holly.db").display());
    let store = Store::open(&url).await.unwrap();
    let archive = Archive::open(&format!("file://{}/archive", folder.path().display())).unwrap();
    let tiers = Tiers { store, archive };
    let store = &tiers.store;
    let mut tx = store.begin().await.unwrap();
    lease::revoke(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let key = std::fs::read_to_string(folder.path().join("api-key.txt")).unwrap();
    let checked = check_key(store, days(41), &key).await.unwrap().unwrap();
    assert_eq!(checked.scopes, Scopes::BEFORE_SCOPES);
    let ada = checked.user;
    let bob = people::by_email(&mut store.read().await.unwrap(), "bob@example.org")
        .await
        .unwrap()
        .unwrap()
        .id;

    let (of_ada, of_bob) = (listed(&tiers, ada).await, listed(&tiers, bob).await);
    use StorageStatus::{Archived, Cold, Hot, Warm};
    let expected = [
        [("Note: buy oil", Hot); 2].as_slice(),
        &[("changed since", Hot), ("cold", Cold)],
        &[("half 0", Cold), ("half 1", Cold), ("half 2", Cold)],
        &[("half 3", Warm), ("half 5", Warm)],
        &[("hot", Hot), ("hot", Hot), ("kept", Archived)],
        &[("odd tool", Cold); 8],
        &[("w", Warm), ("warm", Warm), ("warm and long", Warm)],
        &[("whole 0", Cold), ("whole 1", Cold)],
        &[("whole 2", Cold), ("whole 3", Cold)],
    ];
    let expected: Vec<_> = expected
        .concat()
        .into_iter()
        .map(|(title, tier)| (title.to_owned(), tier))
        .collect();
    assert_eq!(
        titles(&of_ada),
        expected,
        "each once, except the one deleted while its object was half-filled"
    );
    assert_eq!(of_bob.len(), 3);
    let all = [of_ada.clone(), of_bob.clone()].concat();
    check_totals(&tiers, &all).await;
    for entry in &all {
        let reader = store.read().await.unwrap();
        let found = reader::find(reader, &tiers.archive, entry.user_id, entry.id);
        assert_eq!(found.await.unwrap().as_ref(), Some(entry));
    }
    let mut reader = store.read().await.unwrap();
    let granted = tool_grants::of_user(&mut reader, ada).await.unwrap();
    let forgotten = tool_grants::forgotten(&mut reader, ada).await.unwrap();
    assert_eq!(
        (granted, forgotten),
        (Vec::new(), vec!["write_note".to_owned()])
    );
    let names: BTreeSet<String> = durations::since(&mut reader, 0)
        .await
        .unwrap()
        .into_iter()
        .map(|line| line.name)
        .collect();
    let expected = ["", "write_note"].map(str::to_owned);
    assert_eq!(names, BTreeSet::from(expected), "others came from outside");
    drop(reader);
    let lapsed = of_ada
        .iter()
        .filter(|entry| matches!(entry.metadata.approval(), Some(Approval::Lapsed { .. })));
    let [lapsed] = lapsed.collect::<Vec<_>>()[..] else {
        panic!("one approval waited: {of_ada:?}")
    };
    assert_eq!(lapsed.status, Status::Warning);
    let late = decide(store, days(41), ada, None, lapsed.id, Decision::Once).await;
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");

    run(&tiers, days(41)).await;
    run(&tiers, days(41)).await;
    let after = [listed(&tiers, ada).await, listed(&tiers, bob).await].concat();
    check_totals(&tiers, &after).await;
    let ids = |entries: &[WorkLogEntry]| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!(ids(&after), ids(&all));
    let half = after
        .iter()
        .filter(|entry| entry.title.starts_with("half"))
        .map(|entry| entry.storage_status);
    assert_eq!(half.collect::<Vec<_>>(), [Cold; 5]);
    let mut reader = store.read().await.unwrap();
    let remaining: i64 = sqlx::query_scalar("select count(*) from archive_holes")
        .fetch_one(&mut *reader)
        .await
        .unwrap();
    assert_eq!(remaining, 0, "the half-filled object should be rewritten");
    drop(reader);

    run(&tiers, days(200)).await;
    run(&tiers, days(200)).await;
    let remaining = [listed(&tiers, ada).await, listed(&tiers, bob).await].concat();
    let working = ("Note: buy oil".to_owned(), Hot);
    assert_eq!(
        titles(&remaining),
        [working, ("kept".to_owned(), Archived)],
        "only working and kept entries remain"
    );
    check_totals(&tiers, &remaining).await;
    store.close().await;
}

/// An entry of the half-archived group.
fn entry(user: UserId, rev: i64) -> StoredEntry {
    let timestamp = days(0).plus(rev);
    StoredEntry {
        id: new_id::entry(timestamp),
        user_id: user,
        conversation_id: None,
        parent_id: None,
        turn_id: None,
        log_type: LogType::Info,
        status: Status::Info,
        title: format!("half {rev}"),
        details: None,
        metadata: Metadata::default(),
        timestamp,
        updated_at: timestamp,
        duration_ms: None,
        kept_at: None,
        rev,
    }
}

async fn execute(connection: &mut AnyConnection, sql: String) {
    sqlx::query(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .unwrap();
}

/// A database at migration 11 while five entries move into an object: two have moved, one was
/// deleted.
async fn insert_half_filled_object(
    connection: &mut AnyConnection,
    manifest: &Manifest,
    entries: &[StoredEntry],
) {
    let user = manifest.user_id;
    let [a, b, ..] = entries else { panic!() };
    let sql = format!(
        "insert into users (id, email, created_at) values ('{user}', 'ada@example.org', 0)"
    );
    execute(connection, sql).await;
    execute(
        connection,
        format!("insert into heads (user_id, head, floor) values ('{user}', 9, 0)"),
    )
    .await;
    for entry in [&entries[2], &entries[4]] {
        let (id, title, at, rev) = (entry.id, &entry.title, entry.timestamp.millis(), entry.rev);
        let sql = format!(
            "insert into work_logs (user_id, id, log_type, status, title, metadata, \
             storage_status, created_at, updated_at, rev) values ('{user}', '{id}', 'info', \
             'info', '{title}', '{{}}', 'hot', {at}, {at}, {rev})"
        );
        execute(connection, sql).await;
    }
    let of_moved = Manifest::new(&manifest.key, &entries[..2], (0, String::new()), NOW).unwrap();
    let totals = serde_json::to_string(&of_moved.totals).unwrap();
    let sql = format!(
        "insert into archive_objects (user_id, key, day, tier, kept, state, entries, bytes, \
         stored_bytes, sha256, totals, first_id, last_id, first_at, last_at, archived_at, \
         moved_to) values ('{user}', '{}', {}, 'cold', 0, 'active', 2, {}, 0, '{}', '{totals}', \
         '{}', '{}', {}, {}, 0, '{}')",
        manifest.key,
        manifest.day,
        manifest.bytes,
        manifest.sha256,
        manifest.ids.0,
        manifest.ids.1,
        manifest.made.0.millis(),
        manifest.made.1.millis(),
        b.id
    );
    execute(connection, sql).await;
    for (tier, bytes) in [("cold", a.size() + b.size()), ("hot", 2 * a.size())] {
        let sql = format!(
            "insert into work_log_stats (user_id, day, log_type, status, tier, entries, bytes, \
             duration_ms, input_tokens, output_tokens, stored_bytes) values ('{user}', {}, 'info', \
             'info', '{tier}', 2, {bytes}, 0, 0, 0, 0)",
            manifest.day
        );
        execute(connection, sql).await;
    }
    execute(
        connection,
        "update retention_lease set fence = 7, until = 900000000000000".into(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_half_filled_at_migration_11_is_closed_on_postgres() {
    let database = Postgres::create().await;
    database.store.close().await;
    let archive = no_archive();
    let user = new_id::user(NOW);
    let entries: Vec<StoredEntry> = (1..=5).map(|rev| entry(user, rev)).collect();
    let group = object::ObjectGroup {
        user_id: user,
        conversation_id: None,
        day: NOW.day(),
    };
    let encoded = object::encode(group, &entries, None).unwrap();
    let stored = (0, object::hex_sha256(&encoded.bytes));
    let manifest = Manifest::new(&encoded.key, &entries, stored, NOW).unwrap();
    archive.create(&encoded.key, encoded.bytes).await.unwrap();

    let mut connection = AnyConnection::connect(&database.address()).await.unwrap();
    execute(&mut connection, "drop schema public cascade".into()).await;
    execute(&mut connection, "create schema public".into()).await;
    let steps = sqlx::migrate!("migrations/postgres");
    steps.run_to(11, &mut connection).await.unwrap();
    insert_half_filled_object(&mut connection, &manifest, &entries).await;

    let store = Store::open(&database.address()).await.unwrap();
    let tiers = Tiers { store, archive };
    let now = async || -> Vec<(EntryId, StorageStatus)> {
        let mut listed = listed(&tiers, user).await;
        check_totals(&tiers, &listed).await;
        listed.sort_by_key(|entry| entry.id);
        let tier = |entry: &WorkLogEntry| (entry.id, entry.storage_status);
        listed.iter().map(tier).collect()
    };
    let expected_tiers = [(0, "cold"), (1, "cold"), (2, "hot"), (4, "hot")];
    let expected: Vec<_> = expected_tiers
        .into_iter()
        .map(|(n, tier)| (entries[n].id, tier.parse().unwrap()))
        .collect();
    assert_eq!(now().await, expected, "each once, without the deleted one");
    let fill = "update archive_objects set moved_to = first_id";
    let refused = sqlx::query(fill).execute(&mut connection).await;
    assert!(
        refused.is_err(),
        "a server of the last release must not fill objects any more"
    );
    let fence: i64 = sqlx::query_scalar("select fence from retention_lease where until = 0")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(fence, 8, "the run of the last release is superseded");
    connection.close().await.unwrap();

    run(&tiers, days(31)).await;
    run(&tiers, days(31)).await;
    let cold: Vec<_> = expected
        .iter()
        .map(|(id, _)| (*id, StorageStatus::Cold))
        .collect();
    assert_eq!(now().await, cold);
    let remaining = objects::of_user(&mut tiers.store.read().await.unwrap(), user, None).await;
    let remaining = remaining.unwrap();
    assert!(
        remaining.iter().all(|object| object.key != manifest.key) && remaining.len() == 2,
        "the half-filled object should be rewritten: {remaining:?}"
    );
    tiers.store.close().await;
    database.drop().await;
}
