//! Data of another user does not exist for a caller: it cannot be read, changed, deleted, stopped
//! or referenced.

use crate::{
    domain::{
        Decision, EntryDraft, EntryPatch, Role, Status,
        ids::{ConversationId, EntryId, FileId, UserId},
    },
    server::{
        base::{error::Error, new_id},
        chat::{self, begin_turn, retry_turn},
        identity,
        store::{
            Store, api_keys, changes, conversations, files, heads, messages, turns::TurnRef,
            work_logs,
        },
        work_log::{self, Origin, create_work_log},
    },
    tests::support::{
        archives::no_archive,
        databases::on_both_databases,
        people::{NOW, beginning, draft, person, turn},
    },
};
use std::collections::HashMap;

/// Data of one user.
struct Owned {
    turn: TurnRef,
    conversation_id: ConversationId,
    entry: EntryId,
    file: FileId,
    key: String,
}

async fn create_owned(store: &Store, ada: UserId) -> Owned {
    let turn = turn(store, ada).await;
    let conversation_id = turn.conversation_id;
    let inside = EntryDraft {
        conversation_id: Some(conversation_id),
        ..draft(Status::Working, "Ada's")
    };
    let origin = Origin {
        turn_id: Some(turn.id),
        idempotency: Some(("k".into(), "h".into())),
    };
    let entry = create_work_log(store, NOW, ada, inside, origin)
        .await
        .unwrap()
        .id;
    let file = files::FileRecord {
        id: new_id::file(NOW),
        conversation_id,
        media_type: "image/gif".into(),
        name: "x".into(),
        bytes: 1,
    };
    let mut tx = store.begin().await.unwrap();
    files::insert(&mut tx, NOW, ada, &file).await.unwrap();
    tx.commit().await.unwrap();
    let key = identity::create_key(store, NOW, ada, "Ada's")
        .await
        .unwrap();
    let key = key.split('_').nth(1).unwrap().to_owned();
    Owned {
        turn,
        conversation_id,
        entry,
        file: file.id,
        key,
    }
}

/// The error of every operation when `bob` names Ada's data, by the operation's name.
async fn errors(store: &Store, bob: UserId, ada: &Owned) -> Vec<(&'static str, Error)> {
    let inside = EntryDraft {
        conversation_id: Some(ada.conversation_id),
        ..draft(Status::Info, "x")
    };
    let under = EntryDraft {
        parent_id: Some(ada.entry),
        ..draft(Status::Info, "x")
    };
    let filter = work_logs::EntryFilter {
        conversation_id: Some(ada.conversation_id),
        ..Default::default()
    };
    let mut reader = store.read().await.unwrap();
    let mut errors = vec![
        (
            "recent_logs",
            work_log::recent_logs(&mut reader, &no_archive(), bob, (&filter, false), None, 9)
                .await
                .err(),
        ),
        (
            "find_conversation",
            chat::find_conversation(&mut reader, bob, ada.conversation_id)
                .await
                .err(),
        ),
        (
            "page",
            chat::page(
                &mut reader,
                &no_archive(),
                bob,
                ada.conversation_id,
                chat::PagePart::End,
            )
            .await
            .err(),
        ),
    ];
    drop(reader);
    errors.extend([
        (
            "create_work_log in",
            create_work_log(store, NOW, bob, inside, Origin::default())
                .await
                .err(),
        ),
        (
            "create_work_log under",
            create_work_log(store, NOW, bob, under, Origin::default())
                .await
                .err(),
        ),
        (
            "update_work_log",
            work_log::update_work_log(store, NOW, bob, ada.entry, EntryPatch::default())
                .await
                .err(),
        ),
        (
            "finish_work_log",
            work_log::finish_work_log(store, NOW, bob, ada.entry, EntryPatch::default())
                .await
                .err(),
        ),
        (
            "delete_entry_row",
            work_log::delete_entry_row(store, NOW, bob, ada.entry)
                .await
                .err(),
        ),
        (
            "decide",
            work_log::decide(store, NOW, bob, None, ada.entry, Decision::Once)
                .await
                .err(),
        ),
        (
            "rename_conversation",
            chat::rename_conversation(store, bob, ada.conversation_id, "Bob's")
                .await
                .err(),
        ),
        (
            "delete_conversation_rows",
            chat::delete_conversation_rows(store, NOW, bob, ada.conversation_id)
                .await
                .err(),
        ),
        (
            "request_stop",
            chat::request_stop(store, NOW, bob, ada.conversation_id)
                .await
                .err(),
        ),
        (
            "begin_turn",
            begin_turn(store, beginning(bob), Some(ada.conversation_id), "Hello")
                .await
                .err(),
        ),
        (
            "retry_turn",
            retry_turn(store, beginning(bob), ada.conversation_id)
                .await
                .err(),
        ),
        (
            "revoke_key",
            identity::revoke_key(store, NOW, bob, &ada.key).await.err(),
        ),
    ]);
    errors
        .into_iter()
        .map(|(operation, answer)| {
            (
                operation,
                answer.unwrap_or_else(|| panic!("{operation} succeeded")),
            )
        })
        .collect()
}

/// All rows and keys of a user.
async fn snapshot(store: &Store, ada: UserId) -> String {
    let mut reader = store.read().await.unwrap();
    let page = changes::after(&mut reader, ada, 0).await.unwrap();
    let keys = api_keys::of_user(&mut reader, ada).await.unwrap();
    format!("{page:?} {keys:?}")
}

on_both_databases! {
    async fn every_operation_returns_not_found_to_another_user(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        let owned = create_owned(&store, ada).await;
        let before = snapshot(&store, ada).await;
        for (operation, answer) in errors(&store, bob, &owned).await {
            assert!(
                matches!(answer, Error::NotFound(_)),
                "{operation}: {answer:?}"
            );
        }
        let mut tx = store.begin().await.unwrap();
        let not_his = TurnRef {
            user_id: bob,
            ..owned.turn
        };
        assert!(
            !crate::server::store::turns::renew(&mut tx, not_his, NOW.plus(9))
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        assert_eq!(
            work_log::expire_approval(&store, NOW, bob, owned.entry)
                .await
                .unwrap(),
            None
        );
        assert!(
            !chat::end_turn(
                &store,
                NOW,
                not_his,
                chat::TurnOutcome::Stopped,
                &HashMap::new()
            )
            .await
            .unwrap()
        );
        assert_eq!(snapshot(&store, ada).await, before);
        assert_eq!(
            heads::find(&mut store.read().await.unwrap(), bob)
                .await
                .unwrap()
                .head,
            0,
            "nothing was written for Bob"
        );
    }

    async fn lists_contain_nothing_of_another_user(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        let owned = create_owned(&store, ada).await;
        let mut reader = store.read().await.unwrap();
        assert_eq!(changes::after(&mut reader, bob, 0).await.unwrap().rows, []);
        assert_eq!(
            work_logs::list(&mut reader, bob, &Default::default(), None, 9)
                .await
                .unwrap(),
            []
        );
        assert_eq!(
            work_log::conversation_logs(
                &mut reader,
                &no_archive(),
                bob,
                owned.conversation_id,
                None,
                9
            )
            .await
            .unwrap(),
            []
        );
        assert_eq!(
            work_logs::find(&mut reader, bob, owned.entry)
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            work_logs::find_lapsed(&mut reader, NOW.plus(99_000_000), bob, owned.entry)
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            work_logs::of_turn_working(&mut reader, bob, owned.turn.id)
                .await
                .unwrap(),
            []
        );
        assert_eq!(
            work_logs::by_idempotency_key(&mut reader, bob, "k")
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            conversations::find(&mut reader, bob, owned.conversation_id)
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            chat::list_conversations(&mut reader, bob, None, 9)
                .await
                .unwrap(),
            []
        );
        assert_eq!(
            chat::history(&mut reader, bob, owned.conversation_id, 9)
                .await
                .unwrap(),
            []
        );
        assert_eq!(
            messages::streaming(&mut reader, bob, owned.turn.id)
                .await
                .unwrap(),
            []
        );
        assert_eq!(
            files::find(&mut reader, bob, owned.file).await.unwrap(),
            None
        );
        assert_eq!(api_keys::of_user(&mut reader, bob).await.unwrap(), []);
        let hers = chat::history(&mut reader, ada, owned.conversation_id, 9)
            .await
            .unwrap();
        assert_eq!(
            hers.iter().map(|message| message.role).collect::<Vec<_>>(),
            [Role::User],
            "Ada still has her own"
        );
    }
}
