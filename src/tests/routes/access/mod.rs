//! Who gets what: every route of the program × nobody, a revoked key, a disabled account, another
//! person, an admin, the owner. The routes are read from the program itself (`routes`); one without
//! a row in the `table` fails, and so does a row too many.

mod routes;
mod table;

use crate::{
    domain::{Approval, EntryDraft, Metadata, Status},
    server::{
        identity::{self, invite},
        store::{api_keys, people},
        work_log::{Origin, create_work_log},
    },
    tests::support::{Answer, Person, Sse, TestApp, people::draft},
};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use std::collections::BTreeSet;
use table::{Row, TABLE};

const ASKERS: [&str; 6] = [
    "nobody",
    "a revoked key",
    "a disabled account",
    "another person",
    "an admin",
    "the owner",
];

#[tokio::test]
async fn every_route_has_a_row_and_every_row_a_route() {
    let app = TestApp::start().await;
    let routes: BTreeSet<String> = [
        routes::plain(),
        routes::functions(),
        routes::pages(&app.app),
    ]
    .concat()
    .into_iter()
    .collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|row| row.route.to_owned()).collect();
    assert!(routes.len() > 70, "they are found: {routes:?}");
    let missing: Vec<_> = routes.difference(&rows).collect();
    let idle: Vec<_> = rows.difference(&routes).collect();
    assert!(
        missing.is_empty() && idle.is_empty(),
        "without a row: {missing:#?}\nwithout a route: {idle:#?}"
    );
}

#[tokio::test]
async fn everybody_gets_what_the_table_says() {
    let app = TestApp::start().await;
    let (admin, other, disabled) = (
        app.admin().await,
        app.person("other@example.org").await,
        app.person("gone@example.org").await,
    );
    let mut tx = app.app.store.begin().await.unwrap();
    people::set_disabled(&mut tx, disabled.id, Some(app.app.clock.now()))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut wrong = Vec::new();
    for (n, row) in TABLE.iter().enumerate() {
        app.app.clock.advance(60_000);
        let things = Things::of(&app, n, row).await;
        let owner = things.owner.clone();
        let before = owner.cursor().await;
        for (asker, (who, expected)) in [
            &app.nobody(),
            &things.revoked,
            &disabled,
            &other,
            &admin,
            &owner,
        ]
        .iter()
        .zip(row.answers)
        .enumerate()
        {
            if asker == 5 && expected >= 400 {
                assert_eq!(owner.cursor().await, before, "{}", row.route);
            }
            let status = things.asks(who, row).await;
            if status != expected {
                wrong.push(format!(
                    "{} {}: {} gets {status}, not {expected}",
                    row.route, row.body, ASKERS[asker]
                ));
            }
            if asker == 3 {
                assert_eq!(
                    owner.cursor().await,
                    before,
                    "{}: a stranger changed something",
                    row.route
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the owner has, as far as a row names it, and a key of theirs that was revoked.
struct Things {
    owner: Person,
    revoked: Person,
    words: Vec<(&'static str, String)>,
}

impl Things {
    async fn of(app: &TestApp, n: usize, row: &Row) -> Self {
        let owner = app.person(&format!("owner{n}@example.org")).await;
        let revoked = app.key_of(&owner).await;
        let key = revoked
            .credential
            .as_ref()
            .unwrap()
            .1
            .split('_')
            .nth(1)
            .unwrap()
            .to_owned();
        identity::revoke_key(&app.app.store, app.app.clock.now(), owner.id, &key)
            .await
            .unwrap();
        let mut things = Self {
            owner,
            revoked,
            words: Vec::new(),
        };
        let named = |word: &str| row.address.contains(word) || row.body.contains(word);
        if ["{conversation}", "{message}", "{file}", "{question}"]
            .into_iter()
            .any(named)
        {
            things.converses().await;
        }
        if named("{entry}") {
            let mut entry = json!({ "logType": "info", "status": "info", "title": "between-us" });
            if let Some((_, here)) = things.words.first() {
                entry["conversationId"] = json!(here);
            }
            let entry = things.owner.creates(entry).await;
            things
                .words
                .push(("{entry}", entry["id"].as_str().unwrap().to_owned()));
        }
        if named("{question}") {
            let (_, here) = things
                .words
                .first()
                .expect("a question stands in a conversation");
            let waiting = Approval::Waiting {
                until: app.app.clock.now().plus(60_000),
            };
            let question = EntryDraft {
                conversation_id: Some(here.parse().unwrap()),
                metadata: Metadata::default()
                    .with("tool", "write_note")
                    .with("approval", json!(waiting)),
                ..draft(Status::Working, "May I?")
            };
            let asks = create_work_log(
                &app.app.store,
                app.app.clock.now(),
                things.owner.id,
                question,
                Origin::default(),
            )
            .await
            .unwrap();
            things.words.push(("{question}", asks.id.to_string()));
        }
        if named("{key}") {
            let own = api_keys::of_user(&mut app.app.store.read().await.unwrap(), things.owner.id)
                .await
                .unwrap();
            app.key_of(&things.owner).await;
            let keys = api_keys::of_user(&mut app.app.store.read().await.unwrap(), things.owner.id)
                .await
                .unwrap();
            let fresh = keys.into_iter().find(|key| !own.contains(key)).unwrap();
            things.words.push(("{key}", fresh.id));
        }
        if named("{person}") {
            let person = app.person(&format!("person{n}@example.org")).await;
            things.words.extend([
                ("{person}", person.id.to_string()),
                ("{email}", format!("person{n}%40example.org")),
            ]);
        }
        if named("{invited}") {
            invite(
                &app.app.store,
                app.app.clock.now(),
                None,
                &format!("invited{n}@example.org"),
                false,
            )
            .await
            .unwrap();
            things
                .words
                .push(("{invited}", format!("invited{n}%40example.org")));
        }
        things
    }

    /// A conversation with a message, an answer and a file.
    async fn converses(&mut self) {
        let here = self.owner.begins().await;
        let form = reqwest::multipart::Form::new().text("content", "between-us");
        let file =
            reqwest::multipart::Part::bytes(b"between-us".to_vec()).file_name("between-us.txt");
        let path = format!("/api/conversations/{here}/messages");
        let sent = Answer::to(
            self.owner
                .request(Method::POST, &path)
                .multipart(form.part("attachment", file)),
        )
        .await
        .expect(202);
        self.owner.awaits_the_end(&here).await;
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let message = &sent["message"];
        self.words = vec![
            ("{conversation}", here),
            ("{message}", text(&message["id"])),
            ("{file}", text(&message["attachments"][0]["id"])),
        ];
    }

    fn filled(&self, text: &str) -> String {
        self.words
            .iter()
            .fold(text.to_owned(), |text, (word, value)| {
                text.replace(word, value)
            })
    }

    /// The status of the answer. On a stream, which always answers 200, `auth` is told as 401.
    async fn asks(&self, who: &Person, row: &Row) -> u16 {
        let (method, _) = row.route.split_once(' ').unwrap();
        let request = with_body(
            who.request(
                method.to_uppercase().parse().unwrap(),
                &self.filled(row.address),
            ),
            &self.filled(row.body),
        );
        if row.address.contains("/stream") {
            let mut stream = Sse::open(request).await;
            return if stream.status == 200 && stream.next_event().await.event == "auth" {
                401
            } else {
                stream.status
            };
        }
        let answer = Answer::to(request).await;
        let own = who.id == self.owner.id && answer.status < 400;
        assert!(
            own || !String::from_utf8_lossy(&answer.bytes).contains("between-us"),
            "{}: {who_id}",
            row.route,
            who_id = who.id
        );
        answer.status
    }
}

fn with_body(request: RequestBuilder, body: &str) -> RequestBuilder {
    match body.chars().next() {
        None => request,
        Some('{') => request
            .header("content-type", "application/json")
            .body(body.to_owned()),
        Some(_) => {
            let request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "application/json");
            request.body(body.trim_start_matches('-').to_owned())
        }
    }
}
