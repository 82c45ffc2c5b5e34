//! Updates of archived entries: a refused or empty update leaves the entry in the archive.

use crate::{
    domain::{EntryDraft, EntryPatch, Metadata, Status, time::DAY_MS},
    server::{
        archive::{holds::place_hold, reader::find},
        base::error::Error,
        work_log::{Origin, archived::update_entry, create_work_log},
    },
    tests::support::{
        archives::{run, tiers},
        databases::on_both_databases,
        people::{NOW, draft, entry, person},
    },
};

on_both_databases! {
    async fn a_refused_update_leaves_an_entry_in_the_archive(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let created = entry(&store, ada, Status::Success, "old").await;
        let later = NOW.plus(31 * DAY_MS);
        run(&tiers, later).await;
        let read = async || {
            find(store.read().await.unwrap(), &tiers.archive, ada, created.id)
                .await
                .unwrap()
                .unwrap()
        };
        let archived = read().await;
        let reopened = EntryPatch {
            status: Some(Status::Working),
            ..EntryPatch::default()
        };
        let refused = update_entry(&tiers, later, ada, created.id, reopened).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert_eq!(read().await, archived);
        place_hold(&tiers, later, ada, (ada, None), "case 17")
            .await
            .unwrap();
        let held = read().await;
        let renamed = EntryPatch {
            title: Some("new".into()),
            ..EntryPatch::default()
        };
        let refused = update_entry(&tiers, later, ada, created.id, renamed).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert_eq!(read().await, held);
    }

    async fn an_update_that_changes_nothing_leaves_the_entry_untouched(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let secret = || {
            serde_json::json!({"password": "hunter2 hunter2"})
                .as_object()
                .cloned()
        };
        let draft = EntryDraft {
            metadata: Metadata(secret().unwrap()),
            ..draft(Status::Success, "old")
        };
        let created = create_work_log(&store, NOW, ada, draft, Origin::default())
            .await
            .unwrap();
        let noop_patches = [
            EntryPatch {
                metadata: secret(),
                ..EntryPatch::default()
            },
            EntryPatch::default(),
            EntryPatch {
                kept: Some(false),
                ..EntryPatch::default()
            },
            EntryPatch {
                status: Some(Status::Success),
                title: Some("old".into()),
                details: Some(None),
                ..EntryPatch::default()
            },
        ];
        for later in [NOW, NOW.plus(8 * DAY_MS), NOW.plus(31 * DAY_MS)] {
            run(&tiers, later).await;
            let before = find(store.read().await.unwrap(), &tiers.archive, ada, created.id)
                .await
                .unwrap()
                .unwrap();
            for patch in &noop_patches {
                assert_eq!(
                    update_entry(&tiers, later, ada, created.id, patch.clone())
                        .await
                        .unwrap(),
                    before
                );
                assert_eq!(
                    find(store.read().await.unwrap(), &tiers.archive, ada, created.id)
                        .await
                        .unwrap()
                        .unwrap(),
                    before
                );
            }
        }
        let kept = EntryPatch {
            kept: Some(true),
            ..EntryPatch::default()
        };
        let changed = update_entry(&tiers, NOW.plus(31 * DAY_MS), ada, created.id, kept)
            .await
            .unwrap();
        assert!(
            changed.rev > created.rev && changed.kept_by.is_some(),
            "{changed:?}"
        );
    }
}
