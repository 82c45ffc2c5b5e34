//! Two writers of PostgreSQL who meet take turns; neither is thrown out of a deadlock. The order of
//! events is forced by a third who holds one row.

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
async fn a_lease_can_be_renewed_while_its_conversation_is_deleted() {
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

    let mut gate = database.store.begin().await.unwrap();
    sqlx::query("select id from messages for update")
        .execute(&mut *gate)
        .await
        .unwrap();
    let store = database.store.clone();
    let deleting = tokio::spawn(async move {
        delete_conversation_rows(&store, NOW, ada, turn.conversation_id)
            .await
            .unwrap()
    });
    database.until_waiting(1).await;
    let store = database.store.clone();
    let renewing = tokio::spawn(async move {
        let mut tx = store.begin().await.unwrap();
        let alive = turns::renew(&mut tx, turn, NOW.plus(90_000)).await.unwrap();
        tx.commit().await.unwrap();
        alive
    });
    database.until_waiting(2).await;
    gate.commit().await.unwrap();

    assert_eq!(deleting.await.unwrap().running_turn, Some(turn.id));
    assert!(!renewing.await.unwrap(), "its worker must give up");
    database.drop().await;
}
