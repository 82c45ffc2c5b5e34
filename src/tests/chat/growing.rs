//! The text of an answer that is being written is kept in parts, whoever reads, dies or deletes.

use crate::{
    components::samples,
    domain::{Message, MessageStatus, Role, ids::UserId},
    server::{
        base::new_id,
        chat::{delete_conversation_rows, history, sweep_turns},
        store::{
            Store, answer_parts, messages,
            turns::{self, TurnRef},
        },
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, person, turn},
    },
};

/// A turn with an answer of two parts.
async fn growing(store: &Store, user: UserId) -> (TurnRef, Message) {
    let turn = turn(store, user).await;
    let mut message = Message {
        id: new_id::message(NOW),
        conversation_id: turn.conversation_id,
        turn_id: Some(turn.id),
        ..samples::message(1, Role::Assistant, MessageStatus::Streaming, "")
    };
    let mut tx = store.begin().await.unwrap();
    messages::insert(&mut tx, user, &mut message).await.unwrap();
    tx.commit().await.unwrap();
    assert!(append(store, user, &message, 0, "Once upön").await);
    assert!(append(store, user, &message, 10, " a time").await);
    (turn, message)
}

async fn append(store: &Store, user: UserId, message: &Message, at: usize, text: &str) -> bool {
    let mut tx = store.begin().await.unwrap();
    let appended = answer_parts::append(&mut tx, user, message.id, at, text).await;
    tx.commit().await.unwrap();
    appended.unwrap()
}

async fn stored_parts(store: &Store) -> i64 {
    sqlx::query_scalar("select count(*) from answer_parts")
        .fetch_one(&mut *store.read().await.unwrap())
        .await
        .unwrap()
}

async fn last(store: &Store, turn: TurnRef) -> Message {
    let mut reader = store.read().await.unwrap();
    let found = history(&mut reader, turn.user_id, turn.conversation_id, 9).await;
    found.unwrap().into_iter().next_back().unwrap()
}

on_both_databases! {
    async fn an_answer_whose_worker_died_keeps_what_its_parts_hold(store: Store) {
        let ada = person(&store, "ada").await;
        let (turn, message) = growing(&store, ada).await;
        let text = "Once upön a time";
        let read = last(&store, turn).await;
        assert_eq!(
            (read.content.as_str(), read.status, read.rev),
            (text, MessageStatus::Streaming, message.rev),
            "a reader gets the text so far; parts take no revision"
        );
        assert_eq!(sweep_turns(&store, NOW.plus(60_001)).await.unwrap(), 1);
        let settled = last(&store, turn).await;
        assert_eq!(
            (settled.content.as_str(), settled.status),
            (text, MessageStatus::Interrupted)
        );
        assert!(settled.rev > message.rev);
        assert_eq!(stored_parts(&store).await, 0);
        assert!(
            !append(&store, ada, &message, text.len(), " late").await,
            "a worker that comes back adds nothing"
        );
        assert_eq!(stored_parts(&store).await, 0);
    }

    async fn parts_are_read_up_to_a_gap(store: Store) {
        let ada = person(&store, "ada").await;
        let (turn, message) = growing(&store, ada).await;
        assert!(append(&store, ada, &message, 99, "lost").await);
        assert_eq!(last(&store, turn).await.content, "Once upön a time");
        let mut reader = store.read().await.unwrap();
        let rest = answer_parts::text_from(&mut reader, ada, message.id, 10).await;
        assert_eq!(rest.unwrap(), " a time");
        let growing = answer_parts::growing(&mut reader, ada).await.unwrap();
        assert_eq!(growing, [(message.id, turn.conversation_id)]);
        assert_eq!(answer_parts::users(&mut reader).await.unwrap(), [ada]);
    }

    async fn parts_go_with_their_conversation_and_their_account(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        let (turn, _) = growing(&store, ada).await;
        growing(&store, bob).await;
        assert_eq!(stored_parts(&store).await, 4);
        let mut tx = store.begin().await.unwrap();
        turns::end(&mut tx, NOW, turn, false).await.unwrap();
        tx.commit().await.unwrap();
        delete_conversation_rows(&store, NOW, ada, turn.conversation_id)
            .await
            .unwrap();
        let mut reader = store.read().await.unwrap();
        assert_eq!(answer_parts::users(&mut reader).await.unwrap(), [bob]);
        drop(reader);
        let mut tx = store.begin().await.unwrap();
        sqlx::query("delete from users where id = $1")
            .bind(bob.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(stored_parts(&store).await, 0);
    }
}
