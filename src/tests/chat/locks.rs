//! Concurrent writers on PostgreSQL wait for each other without a deadlock. A third transaction
//! that holds one row lock forces the order of events.

use crate::{
    domain::{EntryDraft, Status},
    server::{
        chat::delete_conversation_rows,
        store::turns,
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        databases::Postgres,
        people::{NOW, draft, person, turn},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn renewing_a_lease_during_conversation_deletion_does_not_deadlock() {
    let database = Postgres::create().await;
    let ada = person(&database.store, "ada").await;
    let turn = turn(&database.store, ada).await;
    let step = EntryDraft {
        conversation_id: Some(turn.conversation_id),
        ..draft(Status::Working, "Step")
    };
    create_work_log(
        &database.store,
        NOW,
        ada,
        step,
        Origin {
            turn_id: Some(turn.id),
            ..Origin::default()
        },
    )
    .await
    .unwrap();

    let mut blocker = database.store.begin().await.unwrap();
    sqlx::query("select id from messages for update")
        .execute(&mut *blocker)
        .await
        .unwrap();
    let store = database.store.clone();
    let deletion = tokio::spawn(async move {
        delete_conversation_rows(&store, NOW, ada, turn.conversation_id)
            .await
            .unwrap()
    });
    database.until_waiting(1).await;
    let store = database.store.clone();
    let renewal = tokio::spawn(async move {
        let mut tx = store.begin().await.unwrap();
        let alive = turns::renew(&mut tx, turn, NOW.plus(90_000)).await.unwrap();
        tx.commit().await.unwrap();
        alive
    });
    database.until_waiting(2).await;
    blocker.commit().await.unwrap();

    assert_eq!(deletion.await.unwrap().running_turn, Some(turn.id));
    assert!(!renewal.await.unwrap(), "its worker must stop");
    database.drop().await;
}
