//! All reads through one reader see one snapshot: a page's rows match the cursor to continue from.

use crate::{
    domain::Status,
    server::store::{changes, heads, work_logs},
    tests::support::{
        databases::on_both_databases,
        people::{entry, person},
    },
};
use std::sync::atomic::{AtomicBool, Ordering};

on_both_databases! {
    async fn a_snapshot_does_not_see_later_commits(store: Store) {
        let ada = person(&store, "ada").await;
        entry(&store, ada, Status::Info, "before").await;
        let mut snapshot = store.read().await.unwrap();
        let head = heads::find(&mut snapshot, ada).await.unwrap().head;
        let later = entry(&store, ada, Status::Info, "after").await;
        assert_eq!(heads::find(&mut snapshot, ada).await.unwrap().head, head);
        assert_eq!(
            work_logs::find(&mut snapshot, ada, later.id).await.unwrap(),
            None
        );
        let seen = changes::after(&mut snapshot, ada, 0).await.unwrap();
        assert_eq!((seen.rows.len(), seen.upto), (1, head));
        drop(snapshot);
        let now = changes::after(&mut store.connection().await.unwrap(), ada, head)
            .await
            .unwrap();
        assert_eq!((now.rows.len(), now.upto), (1, later.rev));
    }

    async fn cursor_and_rows_of_a_snapshot_agree_during_writes(store: Store) {
        let ada = person(&store, "ada").await;
        let done = AtomicBool::new(false);
        let write = async {
            for n in 0..40 {
                entry(&store, ada, Status::Info, &format!("entry {n}")).await;
            }
            done.store(true, Ordering::SeqCst);
        };
        let read = async {
            loop {
                let is_last = done.load(Ordering::SeqCst);
                let mut snapshot = store.read().await.unwrap();
                let rows = work_logs::list(
                    &mut snapshot,
                    ada,
                    &work_logs::EntryFilter::default(),
                    None,
                    100,
                )
                .await
                .unwrap();
                let head = heads::find(&mut snapshot, ada).await.unwrap().head;
                assert_eq!(rows.len() as i64, head);
                if is_last {
                    return head;
                }
            }
        };
        let ((), head) = tokio::join!(write, read);
        assert_eq!(head, 40);
    }
}
