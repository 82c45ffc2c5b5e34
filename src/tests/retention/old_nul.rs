//! Text with NUL as earlier versions stored it reads the same from every tier, and is moved and
//! deleted like any other text.

use super::canaries::CanaryEnv;
use crate::{
    domain::{
        Change, EntryDraft, EntryPatch, Metadata, Status, StorageStatus, WorkLogEntry,
        ids::{EntryId, UserId},
        nul,
        time::{DAY_MS, Timestamp},
    },
    server::{
        archive::{Tiers, erase, object, reader},
        chat::begin_turn,
        retention::restore::after_restore,
        store::{
            Store, changes, conversations, messages,
            packing::{self, LongFields},
            retention::{manifest::Manifest, objects},
            stats,
            work_logs::{EntryFilter, StoredEntry},
        },
        work_log::{self, Origin, archived::update_entry, create_work_log},
    },
    tests::support::{
        archives::{run, tiers},
        databases::on_both_databases,
        people::{NOW, beginning, draft, person},
    },
};
use serde_json::json;

const TITLE: &str = "title a\0b";
const METADATA: &str = "{\"n\\u0000\":[\"v\\u0000\",\"\\\\u0000\",\"\u{fdd0}\"]}";

/// Long enough for packing to save space.
fn details(nul: char) -> String {
    let more = "and so on, ".repeat(50);
    format!("details d{nul}E \u{fdd0} \\u0000 {more}")
}

const fn days(days: i64) -> Timestamp {
    NOW.plus(days * DAY_MS)
}

/// The encoding in which earlier versions wrote text into rows.
fn old_encoding(text: &str) -> String {
    text.replace(nul::SIGN, "\u{fdd0}\u{fdd2}")
        .replace('\0', "\u{fdd0}\u{fdd1}")
}

fn as_read(entry: &WorkLogEntry) -> WorkLogEntry {
    WorkLogEntry {
        title: "title a␀b".into(),
        details: Some(details('␀')),
        metadata: Metadata::default().with("n␀", json!(["v␀", "\\u0000", "\u{fdd0}"])),
        ..entry.clone()
    }
}

/// Creates entries and stores their text as an earlier version would have.
async fn create_old_rows(store: &Store, user: UserId, count: usize) -> Vec<WorkLogEntry> {
    let mut created = Vec::new();
    for _ in 0..count {
        let fields = EntryDraft {
            details: Some(details('\0')),
            metadata: serde_json::from_str(METADATA).unwrap(),
            ..draft(Status::Success, TITLE)
        };
        let entry = create_work_log(store, NOW, user, fields, Origin::default()).await;
        created.push(as_read(&entry.unwrap()));
    }
    let mut tx = store.begin().await.unwrap();
    sqlx::query("update work_logs set title = $1, details = $2, metadata = $3")
        .bind(old_encoding(TITLE))
        .bind(old_encoding(&details('\0')))
        .bind(METADATA)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    created
}

/// Replaces a warm row's packed fields by those an earlier version would have packed.
async fn pack_old_text(store: &Store, user: UserId, id: EntryId) {
    let old = packing::pack(&LongFields {
        details: Some(details('\0')),
        metadata: METADATA.into(),
    });
    let old = old.unwrap().expect("packing saves space");
    let mut tx = store.begin().await.unwrap();
    let sql = "select cast(length(packed) as bigint) from work_logs where user_id = $1 and id = $2";
    let new_bytes: i64 = sqlx::query_scalar(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    let sql = "update work_logs set packed = $3, title = $4 where user_id = $1 and id = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .bind(old.as_slice())
        .bind(old_encoding(TITLE))
        .execute(&mut *tx)
        .await
        .unwrap();
    let sql = "update work_log_stats set stored_bytes = stored_bytes + $1 where tier = 'warm'";
    sqlx::query(sql)
        .bind(old.len() as i64 - new_bytes)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn object_of(store: &Store, user: UserId) -> Manifest {
    objects::of_user(&mut store.read().await.unwrap(), user, None)
        .await
        .unwrap()
        .remove(0)
}

/// Replaces an object's content by what an earlier version would have written.
async fn write_old_object(tiers: &Tiers, user: UserId) {
    let manifest = object_of(&tiers.store, user).await;
    let bytes = tiers.archive.get(&manifest.key).await.unwrap();
    let entries: Vec<_> = object::decode(&bytes)
        .unwrap()
        .into_iter()
        .map(|entry| StoredEntry {
            title: TITLE.into(),
            details: Some(details('\0')),
            metadata: serde_json::from_str(METADATA).unwrap(),
            ..entry
        })
        .collect();
    let group = object::ObjectGroup {
        user_id: user,
        conversation_id: None,
        day: manifest.day,
    };
    let old = object::encode(group, &entries, None).unwrap().bytes;
    let plain = String::from_utf8(object::unpack(&old).unwrap()).unwrap();
    assert!(plain.contains(r"d\u0000E"), "{plain}");
    let sha256 = object::hex_sha256(&old);
    tiers.archive.replace(&manifest.key, old).await.unwrap();
    let mut tx = tiers.store.begin().await.unwrap();
    sqlx::query("update archive_objects set sha256 = $1 where key = $2")
        .bind(sha256)
        .bind(&manifest.key)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Finds the entry, and checks that lists and searches return the same.
async fn read(tiers: &Tiers, user: UserId, id: EntryId) -> Option<WorkLogEntry> {
    let (store, archive) = (&tiers.store, &tiers.archive);
    let reader = store.read().await.unwrap();
    let found = reader::find(reader, archive, user, id).await.unwrap();
    let searches = ["d\0e", "D␀E", "a␀", "\u{fdd0}", "\\u0000", "details"];
    for text in searches.map(Some).into_iter().chain([None]) {
        let filter = EntryFilter {
            text: text.map(str::to_owned),
            ..EntryFilter::default()
        };
        let mut reader = store.read().await.unwrap();
        let listed = reader::list(&mut reader, archive, user, (&filter, true), None, 9).await;
        let listed = listed.unwrap().into_iter().find(|entry| entry.id == id);
        assert_eq!(listed, found, "{text:?}");
    }
    found
}

/// `entry` with the tier fields of `actual`.
fn with_tier_of(entry: &WorkLogEntry, actual: &WorkLogEntry) -> WorkLogEntry {
    WorkLogEntry {
        storage_status: actual.storage_status,
        archived_at: actual.archived_at,
        ..entry.clone()
    }
}

async fn assert_reads(tiers: &Tiers, entry: &WorkLogEntry, tier: StorageStatus) {
    let found = read(tiers, entry.user_id, entry.id).await.unwrap();
    assert_eq!(found.storage_status, tier);
    assert_eq!(found, with_tier_of(entry, &found));
}

on_both_databases! {
    async fn old_text_with_nul_reads_the_same_in_every_tier_and_expires(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let created = create_old_rows(&store, ada, 4).await;
        let [hot, warm, cold, last] = &created[..] else {
            panic!("four entries")
        };
        let each = TITLE.len() + details('\0').len() + METADATA.len();
        let counted = stats::by_tier(&mut store.read().await.unwrap())
            .await
            .unwrap();
        assert_eq!(
            counted[0].bytes,
            4 * each as i64,
            "the totals of earlier versions"
        );

        assert_reads(&tiers, hot, StorageStatus::Hot).await;
        let changes = changes::after(&mut store.read().await.unwrap(), ada, 0)
            .await
            .unwrap();
        assert!(
            changes.rows.contains(&Change::Entry(hot.clone())),
            "{changes:?}"
        );
        work_log::delete_entry_keeping_files(&tiers, days(1), ada, hot.id)
            .await
            .unwrap();

        assert_eq!(run(&tiers, days(8)).await.moved_to_warm, 3);
        assert_reads(&tiers, warm, StorageStatus::Warm).await;
        for entry in [warm, cold, last] {
            pack_old_text(&store, ada, entry.id).await;
        }
        assert_reads(&tiers, warm, StorageStatus::Warm).await;
        work_log::delete_entry_keeping_files(&tiers, days(8), ada, warm.id)
            .await
            .unwrap();

        let report = run(&tiers, days(31)).await;
        assert_eq!((report.failed, report.moved_to_cold), (0, 2), "{report:?}");
        write_old_object(&tiers, ada).await;
        assert_reads(&tiers, last, StorageStatus::Cold).await;
        work_log::delete_entry_keeping_files(&tiers, days(31), ada, cold.id)
            .await
            .unwrap();
        assert_eq!(read(&tiers, ada, cold.id).await, None);
        assert_reads(&tiers, last, StorageStatus::Cold).await;

        // an entry of an old object becomes a row and is archived again
        write_old_object(&tiers, ada).await;
        let patch = EntryPatch {
            status: Some(Status::Warning),
            ..EntryPatch::default()
        };
        let changed = update_entry(&tiers, days(32), ada, last.id, patch)
            .await
            .unwrap();
        assert_eq!(changed.details, last.details);
        assert_eq!(run(&tiers, days(33)).await.moved_to_cold, 1);
        assert_reads(&tiers, &changed, StorageStatus::Cold).await;

        assert_eq!(run(&tiers, days(91)).await.deleted, 1);
        assert_eq!(read(&tiers, ada, last.id).await, None);
        let remaining = stats::by_tier(&mut store.read().await.unwrap())
            .await
            .unwrap();
        assert_eq!(remaining, [], "the totals are not zero");
    }

    async fn old_messages_and_titles_show_nul_as_its_symbol(store: Store) {
        let ada = person(&store, "ada").await;
        let (turn, message) = begin_turn(&store, beginning(ada), None, "Hello")
            .await
            .unwrap();
        // PostgreSQL cannot store NUL
        let old = if store.is_single_process() {
            "a\0b"
        } else {
            "a\u{fdd0}\u{fdd1}b"
        };
        let mut tx = store.begin().await.unwrap();
        for sql in [
            "update messages set content = $1",
            "update conversations set title = $1",
        ] {
            sqlx::query(sql).bind(old).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut reader = store.read().await.unwrap();
        let conversation_id = turn.conversation_id;
        let read = messages::latest(&mut reader, ada, conversation_id, None, 9)
            .await
            .unwrap();
        assert_eq!((read[0].id, read[0].content.as_str()), (message.id, "a␀b"));
        let found = conversations::find(&mut reader, ada, conversation_id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.title, "a␀b");
        let titles = conversations::titles(&mut reader, ada, &[conversation_id].into())
            .await
            .unwrap();
        assert_eq!(titles[&conversation_id], "a␀b");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_with_old_text_reads_correctly() {
    let env = CanaryEnv::open().await;
    let (store, ada) = (&env.tiers.store, person(&env.tiers.store, "ada").await);
    let cold = create_old_rows(store, ada, 1).await.remove(0);
    env.run(days(31)).await;
    write_old_object(&env.tiers, ada).await;
    let mut rows = create_old_rows(store, ada, 2).await;
    let (erased, hot) = (rows.remove(0), rows.remove(0));
    let copy = env.backup().await;
    work_log::delete_entry_keeping_files(&env.tiers, days(31), ada, erased.id)
        .await
        .unwrap();
    erase::delete_marked_objects(&env.tiers, days(31), ada)
        .await
        .unwrap();

    let restored = env.restore_copy(&copy).await;
    let report = after_restore(&restored, days(31)).await.unwrap();
    assert_eq!((report.erased, report.missing), (1, 0));
    assert_reads(&restored, &hot, StorageStatus::Hot).await;
    assert_reads(&restored, &cold, StorageStatus::Cold).await;
    assert_eq!(read(&restored, ada, erased.id).await, None);
}
