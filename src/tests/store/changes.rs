//! The changes a client catches up with after it was disconnected.

use crate::{
    domain::{
        Change, EntryDraft, EntryPatch, RemovedKind, Status,
        ids::{ConversationId, UserId},
    },
    server::{
        base::new_id,
        chat::{create_conversation, delete_conversation_rows, rename_conversation},
        store::{
            Store,
            changes::{self, PAGE},
            removed,
        },
        work_log::{Origin, create_work_log, delete_entry_row, update_work_log},
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, beginning, draft, entry, person},
    },
};

async fn changes_after(store: &Store, user: UserId, cursor: i64) -> Vec<Change> {
    changes::after(&mut store.connection().await.unwrap(), user, cursor)
        .await
        .unwrap()
        .rows
}

async fn entry_in(store: &Store, user: UserId, conversation: ConversationId) {
    let draft = EntryDraft {
        conversation_id: Some(conversation),
        ..draft(Status::Success, "Step")
    };
    create_work_log(store, NOW, user, draft, Origin::default())
        .await
        .unwrap();
}

on_both_databases! {
    async fn a_row_changed_five_times_is_returned_once_in_its_newest_state(store: Store) {
        let ada = person(&store, "ada").await;
        let created = entry(&store, ada, Status::Working, "0 of 5").await;
        let mut newest = created.clone();
        for n in 1..=5 {
            let patch = EntryPatch {
                title: Some(format!("{n} of 5")),
                ..EntryPatch::default()
            };
            newest = update_work_log(&store, NOW.plus(n), ada, created.id, patch)
                .await
                .unwrap();
        }
        assert_eq!(newest.rev, created.rev + 5);
        assert_eq!(
            changes_after(&store, ada, 0).await,
            [Change::Entry(newest.clone())]
        );
        assert_eq!(changes_after(&store, ada, newest.rev).await, []);
    }

    async fn a_deleted_row_is_returned_as_removed(store: Store) {
        let ada = person(&store, "ada").await;
        let deleted = entry(&store, ada, Status::Info, "gone").await;
        let stays = entry(&store, ada, Status::Info, "stays").await;
        delete_entry_row(&store, NOW, ada, deleted.id).await.unwrap();
        let rows = changes_after(&store, ada, 0).await;
        let [Change::Entry(entry), Change::Removed(removed)] = &rows[..] else {
            panic!("{rows:?}")
        };
        assert_eq!(entry.id, stays.id);
        assert_eq!(
            (removed.kind, removed.id, removed.rev),
            (RemovedKind::Entry, deleted.id.uuid(), 3)
        );
    }

    async fn a_deleted_conversation_replaces_its_entries_and_messages(store: Store) {
        let ada = person(&store, "ada").await;
        let kept = create_conversation(&store, NOW, ada, "Kept").await.unwrap();
        let (turn, _) = crate::server::chat::begin_turn(&store, beginning(ada), None, "Hello")
            .await
            .unwrap();
        entry_in(&store, ada, kept.id).await;
        entry_in(&store, ada, turn.conversation_id).await;
        entry_in(&store, ada, turn.conversation_id).await;
        let deleted = delete_conversation_rows(&store, NOW, ada, turn.conversation_id)
            .await
            .unwrap();
        assert_eq!(deleted.running_turn, Some(turn.id));
        let rows = changes_after(&store, ada, 0).await;
        let [
            Change::Conversation(conversation),
            Change::Entry(entry),
            Change::Removed(removed),
        ] = &rows[..]
        else {
            panic!("{rows:?}")
        };
        assert_eq!(
            (conversation.id, entry.conversation_id),
            (kept.id, Some(kept.id))
        );
        assert_eq!(
            (removed.kind, removed.id),
            (RemovedKind::Conversation, turn.conversation_id.uuid())
        );
    }

    async fn many_changes_are_returned_page_by_page_in_order(store: Store) {
        let ada = person(&store, "ada").await;
        let conversation = create_conversation(&store, NOW, ada, "Conversation")
            .await
            .unwrap();
        for round in 0..2 {
            entry(&store, ada, Status::Info, "between").await;
            let mut tx = store.begin().await.unwrap();
            for _ in 0..PAGE {
                removed::record(
                    &mut tx,
                    NOW,
                    ada,
                    RemovedKind::Message,
                    new_id::message(NOW).uuid(),
                )
                .await
                .unwrap();
            }
            tx.commit().await.unwrap();
            rename_conversation(
                &store,
                ada,
                conversation.id,
                &format!("Conversation {round}"),
            )
            .await
            .unwrap();
        }
        let (mut cursor, mut sizes, mut revs) = (0, Vec::new(), Vec::new());
        loop {
            let page = changes::after(&mut store.connection().await.unwrap(), ada, cursor)
                .await
                .unwrap();
            cursor = page.upto;
            sizes.push(page.rows.len());
            revs.extend(page.rows.iter().map(Change::rev));
            if !page.more {
                break;
            }
        }
        assert_eq!(sizes, [PAGE, PAGE, 3]);
        assert_eq!(cursor, 2 * PAGE as i64 + 5);
        // revision 1 created the conversation and a middle one renamed it: both are superseded by
        // its last change
        let first_rename = PAGE as i64 + 3;
        assert_eq!(
            revs,
            (2..=cursor)
                .filter(|rev| *rev != first_rename)
                .collect::<Vec<_>>()
        );
    }

    async fn a_full_last_page_reports_no_more_changes(store: Store) {
        let ada = person(&store, "ada").await;
        let mut tx = store.begin().await.unwrap();
        for _ in 0..PAGE {
            removed::record(
                &mut tx,
                NOW,
                ada,
                RemovedKind::Entry,
                new_id::entry(NOW).uuid(),
            )
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        let page = changes::after(&mut store.connection().await.unwrap(), ada, 0)
            .await
            .unwrap();
        assert_eq!(
            (page.rows.len(), page.upto, page.more),
            (PAGE, PAGE as i64, false)
        );
        let beyond = changes::after(&mut store.connection().await.unwrap(), ada, 9_999)
            .await
            .unwrap();
        assert_eq!((beyond.rows.len(), beyond.upto), (0, PAGE as i64));
    }
}
