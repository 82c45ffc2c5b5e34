//! Two servers on one PostgreSQL: a person's readers on one see what happens on the other, what
//! runs there is stopped and allowed from here, and what is kept there is read here.

use crate::{
    domain::time::Timestamp,
    server::{assistant::model::ModelEvent as Said, state::config::Config},
    tests::support::{self, Answer, Event, TestApp, ToldModel, databases::Postgres, within},
};
use futures::TryStreamExt;
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_on_one_server_is_seen_live_on_the_other() {
    let database = Postgres::create().await;
    let (here, there) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), None).await,
    );
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
    let (here, there) = (
        TestApp::on(&database.address(), Some(model)).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = here.person("ada@example.org").await;
    let place = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&place, "Hello").await;
    tell.send(Ok(Said::Text("Half an ".into()))).unwrap();
    stream.next_named("delta").await;
    there
        .also(&ada)
        .posts(&format!("/api/conversations/{place}/stop"), json!({}))
        .await
        .expect(200);
    let read = within("the end", ada.awaits_the_end(&place)).await;
    assert_eq!(
        (&read["messages"][1]["status"], &read["runningTurnId"]),
        (&json!("stopped"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_an_answer_are_read_on_a_server_that_does_not_write_it() {
    let database = Postgres::create().await;
    let (tell, model) = ToldModel::pair();
    let (here, there) = (
        TestApp::on(&database.address(), Some(model)).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = here.person("ada@example.org").await;
    let place = ada.begins().await;
    let mut early = there.also(&ada).streams("").await;
    early.next_named("heartbeat").await;
    ada.says(&place, "Hello").await;
    // the clock stands, so the row is not written again before the end: these words come from
    // process to process
    tell.send(Ok(Said::Text("Half an ".into()))).unwrap();
    let first = early.next_named("delta").await;
    assert_eq!(
        (&first.data["offset"], &first.data["text"], &first.id),
        (&json!(0), &json!("Half an "), &None)
    );
    tell.send(Ok(Said::Text("answer ".into()))).unwrap();
    let second = early.next_named("delta").await;
    assert_eq!(
        (&second.data["offset"], &second.data["text"]),
        (&json!(8), &json!("answer "))
    );
    let mut late = there.also(&ada).streams("").await;
    let so_far = late.next_named("delta").await;
    assert_eq!(
        (&so_far.data["offset"], &so_far.data["text"]),
        (&json!(0), &json!("Half an answer "))
    );
    tell.send(Ok(Said::End {
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
    let mut after = there.also(&ada).streams("").await;
    ada.notes("a mark").await;
    let next = within("the mark", async {
        loop {
            let event = after.next_event().await;
            assert_ne!(event.event, "delta", "no words of an answer that is done");
            if event.data["entry"]["title"] == "a mark" {
                return;
            }
        }
    });
    next.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_asks_on_one_server_is_answered_on_another_once_and_for_good() {
    let database = Postgres::create().await;
    let (here, there) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = here.person("ada@example.org").await;
    let elsewhere = there.also(&ada);
    let place = ada.begins().await;
    for (decision, status) in [
        ("once", "success"),
        ("deny", "warning"),
        ("always", "success"),
    ] {
        ada.says(&place, "Write a note: buy lamp oil").await;
        let asked = elsewhere.awaits_a_question(&place).await;
        elsewhere.decides(&asked, decision).await.expect(200);
        within("the end", elsewhere.awaits_the_end(&place)).await;
        let noted = ada.gets(&support::address_of(&asked)).await.expect(200)["log"].clone();
        assert_eq!(
            (&noted["status"], &noted["metadata"]["approval"]["decision"]),
            (&json!(status), &json!(decision))
        );
    }
    for person in [&elsewhere, &ada] {
        person.says(&place, "Write a note: trim the wick").await;
        within("the end", person.awaits_the_end(&place)).await;
        let last = person
            .entries(&place)
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
async fn a_grant_that_is_given_on_one_server_lets_a_turn_go_on_that_waits_on_another() {
    let database = Postgres::create().await;
    let (here, there) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = here.person("ada@example.org").await;
    let elsewhere = there.also(&ada);
    let (one, other) = (ada.begins().await, ada.begins().await);
    ada.says(&one, "Write a note: one").await;
    ada.awaits_a_question(&one).await;
    elsewhere.says(&other, "Write a note: other").await;
    let asked = elsewhere.awaits_a_question(&other).await;
    elsewhere.decides(&asked, "always").await.expect(200);
    for (person, place) in [(&ada, &one), (&elsewhere, &other)] {
        let read = within("the end", person.awaits_the_end(place)).await;
        assert_eq!(
            read["messages"].as_array().unwrap().last().unwrap()["status"],
            "done"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_bucket_files_are_read_and_deleted_on_every_server() {
    let database = Postgres::create().await;
    let bucket =
        |config: &mut Config| config.retention.archive_url = "s3://holly/shared".to_owned();
    let here = TestApp::on_with(&database.address(), None, bucket).await;
    let there = TestApp::on_with(&database.address(), None, bucket).await;
    let ada = here.person("ada@example.org").await;
    let elsewhere = there.also(&ada);
    let place = ada.begins().await;
    let note = Part::bytes(b"0123456789".to_vec()).file_name("notes.txt");
    let form = Form::new()
        .text("content", "Paint a lighthouse")
        .part("attachment", note);
    let sent = Answer::to(
        ada.request(
            Method::POST,
            &format!("/api/conversations/{place}/messages"),
        )
        .multipart(form),
    )
    .await
    .expect(202);
    within("the end", elsewhere.awaits_the_end(&place)).await;
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
    let painted = elsewhere
        .entries(&place)
        .await
        .into_iter()
        .find(|entry| entry["logType"] == "tool_call")
        .unwrap();
    let picture = format!(
        "/files/{}",
        painted["metadata"]["files"][0]["id"].as_str().unwrap()
    );
    let seen = elsewhere.gets(&picture).await;
    assert_eq!(
        (seen.status, seen.header("content-type")),
        (200, "image/svg+xml")
    );
    assert_eq!(seen.bytes, ada.gets(&picture).await.bytes);
    elsewhere
        .deletes(&format!("/api/conversations/{place}"))
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
    let left: Vec<_> = here
        .app
        .files
        .stored(Timestamp::from_millis(i64::MAX))
        .try_collect()
        .await
        .unwrap();
    assert!(
        left.iter().all(|file| file.user != ada.id),
        "the bytes are gone too"
    );
}
