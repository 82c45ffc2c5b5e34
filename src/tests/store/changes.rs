//! "What did I miss", as a reader sees it who was away.

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
        work_log::{Origin, create_work_log, delete_work_log, update_work_log},
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, beginning, draft, entry, person},
    },
};

async fn missed(store: &Store, user: UserId, cursor: i64) -> Vec<Change> {
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
    async fn a_row_that_changed_five_times_is_read_once_in_its_newest_state(store: Store) {
        let ada = person(&store, "ada").await;
        let made = entry(&store, ada, Status::Working, "0 of 5").await;
        let mut newest = made.clone();
        for n in 1..=5 {
            let patch = EntryPatch { title: Some(format!("{n} of 5")), ..EntryPatch::default() };
            newest = update_work_log(&store, NOW.plus(n), ada, made.id, patch).await.unwrap();
        }
        assert_eq!(newest.rev, made.rev + 5);
        assert_eq!(missed(&store, ada, 0).await, [Change::Entry(newest.clone())]);
        assert_eq!(missed(&store, ada, newest.rev).await, []);
    }

    async fn what_was_removed_comes_as_removed_and_not_as_a_row(store: Store) {
        let ada = person(&store, "ada").await;
        let gone = entry(&store, ada, Status::Info, "gone").await;
        let stays = entry(&store, ada, Status::Info, "stays").await;
        delete_work_log(&store, NOW, ada, gone.id).await.unwrap();
        let rows = missed(&store, ada, 0).await;
        let [Change::Entry(entry), Change::Removed(removed)] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(entry.id, stays.id);
        assert_eq!((removed.kind, removed.id, removed.rev), (RemovedKind::Entry, gone.id.uuid(), 3));
    }

    async fn with_a_conversation_its_entries_and_messages_are_gone(store: Store) {
        let ada = person(&store, "ada").await;
        let kept = create_conversation(&store, NOW, ada, "Kept").await.unwrap();
        let (turn, _) = crate::server::chat::begin_turn(&store, beginning(ada), None, "Hello").await.unwrap();
        entry_in(&store, ada, kept.id).await;
        entry_in(&store, ada, turn.conversation_id).await;
        entry_in(&store, ada, turn.conversation_id).await;
        let deleted = delete_conversation_rows(&store, NOW, ada, turn.conversation_id).await.unwrap();
        assert_eq!(deleted.running_turn, Some(turn.id));
        let rows = missed(&store, ada, 0).await;
        let [Change::Conversation(left), Change::Entry(of_left), Change::Removed(removed)] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((left.id, of_left.conversation_id), (kept.id, Some(kept.id)));
        assert_eq!((removed.kind, removed.id), (RemovedKind::Conversation, turn.conversation_id.uuid()));
    }

    async fn many_changes_of_every_kind_come_a_page_at_a_time_in_their_order(store: Store) {
        let ada = person(&store, "ada").await;
        let talk = create_conversation(&store, NOW, ada, "Talk").await.unwrap();
        for round in 0..2 {
            entry(&store, ada, Status::Info, "between").await;
            let mut tx = store.begin().await.unwrap();
            for _ in 0..PAGE {
                removed::note(&mut tx, NOW, ada, RemovedKind::Message, new_id::message(NOW).uuid()).await.unwrap();
            }
            tx.commit().await.unwrap();
            rename_conversation(&store, ada, talk.id, &format!("Talk {round}")).await.unwrap();
        }
        let (mut cursor, mut sizes, mut revs) = (0, Vec::new(), Vec::new());
        loop {
            let page = changes::after(&mut store.connection().await.unwrap(), ada, cursor).await.unwrap();
            cursor = page.upto;
            sizes.push(page.rows.len());
            revs.extend(page.rows.iter().map(Change::rev));
            if !page.more {
                break;
            }
        }
        assert_eq!(sizes, [PAGE, PAGE, 3]);
        assert_eq!(cursor, 2 * PAGE as i64 + 5);
        // 1 was the conversation's beginning and the middle one its first new title: both are told
        // by its last
        let first_rename = PAGE as i64 + 3;
        assert_eq!(revs, (2..=cursor).filter(|rev| *rev != first_rename).collect::<Vec<_>>());
    }

    async fn exactly_one_page_says_that_there_is_no_more(store: Store) {
        let ada = person(&store, "ada").await;
        let mut tx = store.begin().await.unwrap();
        for _ in 0..PAGE {
            removed::note(&mut tx, NOW, ada, RemovedKind::Entry, new_id::entry(NOW).uuid()).await.unwrap();
        }
        tx.commit().await.unwrap();
        let page = changes::after(&mut store.connection().await.unwrap(), ada, 0).await.unwrap();
        assert_eq!((page.rows.len(), page.upto, page.more), (PAGE, PAGE as i64, false));
        let beyond = changes::after(&mut store.connection().await.unwrap(), ada, 9_999).await.unwrap();
        assert_eq!((beyond.rows.len(), beyond.upto), (0, PAGE as i64));
    }
}
