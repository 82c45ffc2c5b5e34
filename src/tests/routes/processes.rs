//! Two servers on one PostgreSQL: a person's readers on one see what happens on the other, and what runs there is
//! stopped from here.

use crate::{
    server::assistant::model::Event as Said,
    tests::support::{Event, TestApp, ToldModel, databases::Postgres, within},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_on_one_server_is_seen_live_on_the_other() {
    let database = Postgres::create().await;
    let (here, there) = (TestApp::on(&database.address(), None).await, TestApp::on(&database.address(), None).await);
    let ada = here.person("ada@example.org").await;
    let mut stream = there.also(&ada).streams("").await;
    stream.next_named("heartbeat").await;
    let written = ada.notes("from the other side").await;
    let seen = stream.next_named("entry").await;
    assert_eq!(seen.data["entry"], written);
    let place = ada.begins().await;
    ada.says(&place, "Hello").await;
    let over = |event: &Event| {
        let conversation = &event.data["conversation"];
        conversation["title"] == "Hello" && conversation["runningTurnId"].is_null()
    };
    stream.rows_until(over).await;
    let answers = there.also(&ada).reads(&place).await;
    assert_eq!(answers["messages"][1]["status"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_stopped_from_a_server_that_does_not_run_it() {
    let database = Postgres::create().await;
    let (tell, model) = ToldModel::pair();
    let (here, there) = (TestApp::on(&database.address(), Some(model)).await, TestApp::on(&database.address(), None).await);
    let ada = here.person("ada@example.org").await;
    let place = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&place, "Hello").await;
    tell.send(Ok(Said::Text("Half an ".into()))).unwrap();
    stream.next_named("delta").await;
    there.also(&ada).posts(&format!("/api/conversations/{place}/stop"), json!({})).await.expect(200);
    let read = within("the end", ada.awaits_the_end(&place)).await;
    assert_eq!((&read["messages"][1]["status"], &read["runningTurnId"]), (&json!("stopped"), &Value::Null));
}
