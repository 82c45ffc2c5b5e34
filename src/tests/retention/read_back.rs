//! Each new object is read back and compared before its rows are deleted.

use crate::{
    domain::{Status, StorageStatus, time::DAY_MS},
    server::{
        archive::{
            object::{ObjectGroup, decode, encode, hex_sha256},
            reader::list,
        },
        base::fail_points::{FailPoint, with_hook},
        store::{retention::objects, work_logs::EntryFilter},
    },
    tests::support::{
        archives::{once_at, run, tiers},
        databases::on_both_databases,
        people::{NOW, entry, person},
    },
};
use futures::TryStreamExt;

on_both_databases! {
    async fn an_object_that_reads_back_with_other_rows_is_replaced(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        for title in ["one", "two"] {
            entry(&store, ada, Status::Success, title).await;
        }
        let archive = tiers.archive.clone();
        let remove_a_row = async move {
            let listed: Vec<_> = archive.list("work-log").try_collect().await.unwrap();
            let key = &listed[0].key;
            let mut rows = decode(&archive.get(key).await.unwrap()).unwrap();
            assert_eq!(rows.pop().unwrap().title, "two");
            let group = ObjectGroup {
                user_id: ada,
                conversation_id: None,
                day: NOW.day(),
            };
            let incomplete = encode(group, &rows, None).unwrap().bytes;
            archive.replace(key, incomplete).await.unwrap();
        };
        let at = NOW.plus(31 * DAY_MS);
        let report = with_hook(once_at(FailPoint::Put, remove_a_row), run(&tiers, at)).await;
        assert_eq!((report.moved_to_cold, report.failed), (2, 0), "{report:?}");
        let reader = &mut store.read().await.unwrap();
        let all = EntryFilter::default();
        let listed = list(reader, &tiers.archive, ada, (&all, false), None, 9)
            .await
            .unwrap();
        let tiers_by_title: Vec<_> = listed
            .iter()
            .map(|entry| (&*entry.title, entry.storage_status))
            .collect();
        assert_eq!(
            tiers_by_title,
            [("two", StorageStatus::Cold), ("one", StorageStatus::Cold)]
        );
        let manifest = objects::of_user(reader, ada, None).await.unwrap().remove(0);
        let bytes = tiers.archive.get(&manifest.key).await.unwrap();
        assert_eq!(manifest.stored_bytes, bytes.len() as i64);
        assert_eq!(manifest.sha256, hex_sha256(&bytes));
    }
}
