//! Another person's thing is not there: not to read, to change, to delete, to stop, nor to build
//! on.

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

/// What Ada has.
struct Things {
    turn: TurnRef,
    place: ConversationId,
    entry: EntryId,
    file: FileId,
    key: String,
}

async fn things_of(store: &Store, ada: UserId) -> Things {
    let turn = turn(store, ada).await;
    let place = turn.conversation_id;
    let inside = EntryDraft {
        conversation_id: Some(place),
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
        conversation_id: place,
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
    Things {
        turn,
        place,
        entry,
        file: file.id,
        key,
    }
}

/// What every verb answers when `bob` names Ada's things, by the verb's name.
async fn answers(store: &Store, bob: UserId, ada: &Things) -> Vec<(&'static str, Error)> {
    let inside = EntryDraft {
        conversation_id: Some(ada.place),
        ..draft(Status::Info, "x")
    };
    let under = EntryDraft {
        parent_id: Some(ada.entry),
        ..draft(Status::Info, "x")
    };
    let filter = work_logs::EntryFilter {
        conversation_id: Some(ada.place),
        ..Default::default()
    };
    let mut reader = store.read().await.unwrap();
    let mut answers = vec![
        (
            "recent_logs",
            work_log::recent_logs(&mut reader, &no_archive(), bob, (&filter, false), None, 9)
                .await
                .err(),
        ),
        (
            "find_conversation",
            chat::find_conversation(&mut reader, bob, ada.place)
                .await
                .err(),
        ),
        (
            "page",
            chat::page(
                &mut reader,
                &no_archive(),
                bob,
                ada.place,
                chat::PagePart::End,
            )
            .await
            .err(),
        ),
    ];
    drop(reader);
    answers.extend([
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
            "delete_work_log",
            work_log::delete_work_log(store, NOW, bob, ada.entry)
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
            chat::rename_conversation(store, bob, ada.place, "Bob's")
                .await
                .err(),
        ),
        (
            "delete_conversation_rows",
            chat::delete_conversation_rows(store, NOW, bob, ada.place)
                .await
                .err(),
        ),
        (
            "request_stop",
            chat::request_stop(store, NOW, bob, ada.place).await.err(),
        ),
        (
            "begin_turn",
            begin_turn(store, beginning(bob), Some(ada.place), "Hello")
                .await
                .err(),
        ),
        (
            "retry_turn",
            retry_turn(store, beginning(bob), ada.place).await.err(),
        ),
        (
            "revoke_key",
            identity::revoke_key(store, NOW, bob, &ada.key).await.err(),
        ),
    ]);
    answers
        .into_iter()
        .map(|(verb, answer)| {
            (
                verb,
                answer.unwrap_or_else(|| panic!("{verb} was carried out")),
            )
        })
        .collect()
}

/// Everything Ada can see of her own.
async fn all_of(store: &Store, ada: UserId) -> String {
    let mut reader = store.read().await.unwrap();
    let page = changes::after(&mut reader, ada, 0).await.unwrap();
    let keys = api_keys::of_user(&mut reader, ada).await.unwrap();
    format!("{page:?} {keys:?}")
}

on_both_databases! {
    async fn every_verb_says_not_found_to_somebody_else_and_does_nothing(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        let things = things_of(&store, ada).await;
        let before = all_of(&store, ada).await;
        for (verb, answer) in answers(&store, bob, &things).await {
            assert!(matches!(answer, Error::NotFound(_)), "{verb}: {answer:?}");
        }
        let mut tx = store.begin().await.unwrap();
        let not_his = TurnRef { user_id: bob, ..things.turn };
        assert!(!crate::server::store::turns::renew(&mut tx, not_his, NOW.plus(9)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(work_log::expire_approval(&store, NOW, bob, things.entry).await.unwrap(), None);
        assert!(!chat::end_turn(&store, NOW, not_his, chat::TurnOutcome::Stopped, &HashMap::new()).await.unwrap());
        assert_eq!(all_of(&store, ada).await, before);
        assert_eq!(heads::of(&mut store.read().await.unwrap(), bob).await.unwrap().head, 0, "nor was anything written for Bob");
    }

    async fn nothing_of_one_person_is_in_the_lists_of_another(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        let things = things_of(&store, ada).await;
        let mut reader = store.read().await.unwrap();
        assert_eq!(changes::after(&mut reader, bob, 0).await.unwrap().rows, []);
        assert_eq!(work_logs::list(&mut reader, bob, &Default::default(), None, 9).await.unwrap(), []);
        assert_eq!(work_log::conversation_logs(&mut reader, &no_archive(), bob, things.place, None, 9).await.unwrap(), []);
        assert_eq!(work_logs::find(&mut reader, bob, things.entry).await.unwrap(), None);
        assert_eq!(work_logs::find_lapsed(&mut reader, NOW.plus(99_000_000), bob, things.entry).await.unwrap(), None);
        assert_eq!(work_logs::of_turn_working(&mut reader, bob, things.turn.id).await.unwrap(), []);
        assert_eq!(work_logs::by_idempotency_key(&mut reader, bob, "k").await.unwrap(), None);
        assert_eq!(conversations::find(&mut reader, bob, things.place).await.unwrap(), None);
        assert_eq!(chat::list_conversations(&mut reader, bob, None, 9).await.unwrap(), []);
        assert_eq!(chat::history(&mut reader, bob, things.place, 9).await.unwrap(), []);
        assert_eq!(messages::streaming(&mut reader, bob, things.turn.id).await.unwrap(), []);
        assert_eq!(files::find(&mut reader, bob, things.file).await.unwrap(), None);
        assert_eq!(api_keys::of_user(&mut reader, bob).await.unwrap(), []);
        let hers = chat::history(&mut reader, ada, things.place, 9).await.unwrap();
        assert_eq!(hers.iter().map(|said| said.role).collect::<Vec<_>>(), [Role::User], "while Ada has hers");
    }
}
