//! Tool calls of turns, as models are told of them.

use crate::{
    domain::{
        EntryDraft, LogType, Status,
        ids::{ConversationId, UserId},
    },
    server::{
        base::new_id,
        store::{Store, work_logs},
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, conversation, draft, person},
    },
};

async fn titles(store: &Store, user: UserId, of: ConversationId, limit: i64) -> Vec<String> {
    let mut reader = store.read().await.unwrap();
    let calls = work_logs::calls_of_turns(&mut reader, user, of, limit);
    let calls = calls.await.unwrap();
    calls.into_iter().map(|entry| entry.title).collect()
}

on_both_databases! {
    async fn the_newest_settled_calls_of_an_owners_conversation_are_read(store: Store) {
        let ada = person(&store, "ada").await;
        let bob = person(&store, "bob").await;
        let one = conversation(&store, ada, "one").await.id;
        let other = conversation(&store, ada, "other").await.id;
        let bobs = conversation(&store, bob, "bob's").await.id;
        let turn_id = Some(new_id::turn(NOW));
        for (title, user, within, log_type, status, turn_id) in [
            ("first", ada, one, LogType::ToolCall, Status::Success, turn_id),
            ("second", ada, one, LogType::ToolCall, Status::Error, turn_id),
            ("third", ada, one, LogType::ToolCall, Status::Warning, turn_id),
            ("running", ada, one, LogType::ToolCall, Status::Working, turn_id),
            ("of a program", ada, one, LogType::ToolCall, Status::Success, None),
            ("no call", ada, one, LogType::Info, Status::Info, turn_id),
            ("elsewhere", ada, other, LogType::ToolCall, Status::Success, turn_id),
            ("bob's", bob, bobs, LogType::ToolCall, Status::Success, turn_id),
        ] {
            let made = EntryDraft {
                conversation_id: Some(within),
                log_type,
                ..draft(status, title)
            };
            let origin = Origin { turn_id, ..Origin::default() };
            create_work_log(&store, NOW, user, made, origin).await.unwrap();
        }
        assert_eq!(titles(&store, ada, one, 9).await, ["first", "second", "third"]);
        assert_eq!(titles(&store, ada, one, 2).await, ["second", "third"]);
        assert_eq!(titles(&store, ada, bobs, 9).await, [""; 0]);
        assert_eq!(titles(&store, bob, one, 9).await, [""; 0]);
    }
}
