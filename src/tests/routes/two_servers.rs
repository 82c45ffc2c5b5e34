//! Two servers on one PostgreSQL: streams, stops, approvals and files work from either of them.

use crate::{
    domain::time::Timestamp,
    server::{assistant::model::ModelEvent, state::config::Config},
    tests::support::{self, Answer, Event, TestApp, ToldModel, databases::Postgres, within},
};
use futures::TryStreamExt;
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn writes_on_one_server_are_streamed_by_the_other() {
    let database = Postgres::create().await;
    let (server_a, server_b) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = server_a.person("ada@example.org").await;
    let mut stream = server_b.also(&ada).streams("").await;
    stream.next_named("heartbeat").await;
    let written = ada.notes("from the other side").await;
    let seen = stream.next_named("entry").await;
    assert_eq!(seen.data["entry"], written);
    let conversation = ada.begins().await;
    ada.says(&conversation, "Hello").await;
    let turn_ended = |event: &Event| {
        let row = &event.data["conversation"];
        row["title"] == "Hello" && row["runningTurnId"].is_null()
    };
    stream.rows_until(turn_ended).await;
    let answers = server_b.also(&ada).reads(&conversation).await;
    assert_eq!(answers["messages"][1]["status"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_can_be_stopped_from_another_server() {
    let database = Postgres::create().await;
    let (events, model) = ToldModel::pair();
    let (server_a, server_b) = (
        TestApp::on(&database.address(), Some(model)).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = server_a.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&conversation, "Hello").await;
    events
        .send(Ok(ModelEvent::Text("Half an ".into())))
        .unwrap();
    stream.next_named("delta").await;
    server_b
        .also(&ada)
        .posts(
            &format!("/api/conversations/{conversation}/stop"),
            json!({}),
        )
        .await
        .expect(200);
    let read = within("the end", ada.awaits_the_end(&conversation)).await;
    assert_eq!(
        (&read["messages"][1]["status"], &read["runningTurnId"]),
        (&json!("stopped"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_text_is_streamed_by_another_server() {
    let database = Postgres::create().await;
    let (events, model) = ToldModel::pair();
    let (server_a, server_b) = (
        TestApp::on(&database.address(), Some(model)).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = server_a.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut early = server_b.also(&ada).streams("").await;
    early.next_named("heartbeat").await;
    ada.says(&conversation, "Hello").await;
    // the clock does not advance, so the row is not written again before the end; this text comes
    // directly from the other process
    events
        .send(Ok(ModelEvent::Text("Half an ".into())))
        .unwrap();
    let first = early.next_named("delta").await;
    assert_eq!(
        (&first.data["offset"], &first.data["text"], &first.id),
        (&json!(0), &json!("Half an "), &None)
    );
    events.send(Ok(ModelEvent::Text("answer ".into()))).unwrap();
    let second = early.next_named("delta").await;
    assert_eq!(
        (&second.data["offset"], &second.data["text"]),
        (&json!(8), &json!("answer "))
    );
    let mut late = server_b.also(&ada).streams("").await;
    let so_far = late.next_named("delta").await;
    assert_eq!(
        (&so_far.data["offset"], &so_far.data["text"]),
        (&json!(0), &json!("Half an answer "))
    );
    events
        .send(Ok(ModelEvent::End {
            usage: None,
            cut_short: false,
        }))
        .unwrap();
    let done = |event: &Event| event.data["message"]["status"] == "done";
    for mut reader in [early, late] {
        let rows = reader.rows_until(done).await;
        assert_eq!(
            rows.last().unwrap().data["message"]["content"],
            "Half an answer "
        );
    }
    let mut after = server_b.also(&ada).streams("").await;
    ada.notes("a mark").await;
    let next = within("the mark", async {
        loop {
            let event = after.next_event().await;
            assert_ne!(event.event, "delta", "no text of an answer that is done");
            if event.data["entry"]["title"] == "a mark" {
                return;
            }
        }
    });
    next.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_decided_on_another_server() {
    let database = Postgres::create().await;
    let (server_a, server_b) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = server_a.person("ada@example.org").await;
    let elsewhere = server_b.also(&ada);
    let conversation = ada.begins().await;
    for (decision, status) in [
        ("once", "success"),
        ("deny", "warning"),
        ("always", "success"),
    ] {
        ada.says(&conversation, "Write a note: buy lamp oil").await;
        let approval = elsewhere.awaits_a_question(&conversation).await;
        elsewhere.decides(&approval, decision).await.expect(200);
        within("the end", elsewhere.awaits_the_end(&conversation)).await;
        let entry = ada.gets(&support::address_of(&approval)).await.expect(200)["log"].clone();
        assert_eq!(
            (&entry["status"], &entry["metadata"]["approval"]["decision"]),
            (&json!(status), &json!(decision))
        );
    }
    for person in [&elsewhere, &ada] {
        person
            .says(&conversation, "Write a note: trim the wick")
            .await;
        within("the end", person.awaits_the_end(&conversation)).await;
        let last = person
            .entries(&conversation)
            .await
            .into_iter()
            .rfind(|entry| entry["logType"] == "tool_call")
            .unwrap();
        assert_eq!(
            (&last["status"], &last["metadata"]["approval"]["decision"]),
            (&json!("success"), &json!("always"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_releases_a_turn_waiting_on_another_server() {
    let database = Postgres::create().await;
    let (server_a, server_b) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = server_a.person("ada@example.org").await;
    let elsewhere = server_b.also(&ada);
    let (one, other) = (ada.begins().await, ada.begins().await);
    ada.says(&one, "Write a note: one").await;
    ada.awaits_a_question(&one).await;
    elsewhere.says(&other, "Write a note: other").await;
    let approval = elsewhere.awaits_a_question(&other).await;
    elsewhere.decides(&approval, "always").await.expect(200);
    for (person, conversation) in [(&ada, &one), (&elsewhere, &other)] {
        let read = within("the end", person.awaits_the_end(conversation)).await;
        assert_eq!(
            read["messages"].as_array().unwrap().last().unwrap()["status"],
            "done"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_a_bucket_are_read_and_deleted_on_every_server() {
    let database = Postgres::create().await;
    let bucket =
        |config: &mut Config| config.retention.archive_url = "s3://holly/shared".to_owned();
    let server_a = TestApp::on_with(&database.address(), None, bucket).await;
    let server_b = TestApp::on_with(&database.address(), None, bucket).await;
    let ada = server_a.person("ada@example.org").await;
    let elsewhere = server_b.also(&ada);
    let conversation = ada.begins().await;
    let note = Part::bytes(b"0123456789".to_vec()).file_name("notes.txt");
    let form = Form::new()
        .text("content", "Paint a lighthouse")
        .part("attachment", note);
    let sent = Answer::to(
        ada.request(
            Method::POST,
            &format!("/api/conversations/{conversation}/messages"),
        )
        .multipart(form),
    )
    .await
    .expect(202);
    within("the end", elsewhere.awaits_the_end(&conversation)).await;
    let attached = format!(
        "/files/{}",
        sent["message"]["attachments"][0]["id"].as_str().unwrap()
    );
    let part = Answer::to(
        elsewhere
            .request(Method::GET, &attached)
            .header("range", "bytes=2-4"),
    )
    .await;
    assert_eq!(
        (
            part.status,
            part.header("content-range"),
            part.text().as_str()
        ),
        (206, "bytes 2-4/10", "234")
    );
    let tool_call = elsewhere
        .entries(&conversation)
        .await
        .into_iter()
        .find(|entry| entry["logType"] == "tool_call")
        .unwrap();
    let picture = format!(
        "/files/{}",
        tool_call["metadata"]["files"][0]["id"].as_str().unwrap()
    );
    let file = elsewhere.gets(&picture).await;
    assert_eq!(
        (file.status, file.header("content-type")),
        (200, "image/svg+xml")
    );
    assert_eq!(file.bytes, ada.gets(&picture).await.bytes);
    elsewhere
        .deletes(&format!("/api/conversations/{conversation}"))
        .await
        .expect(200);
    for address in [&attached, &picture] {
        assert_eq!(
            (
                ada.gets(address).await.status,
                elsewhere.gets(address).await.status
            ),
            (404, 404)
        );
    }
    let remaining: Vec<_> = server_a
        .app
        .files
        .stored(Timestamp::from_millis(i64::MAX))
        .try_collect()
        .await
        .unwrap();
    assert!(
        remaining.iter().all(|file| file.user != ada.id),
        "the bytes are gone too"
    );
}
