//! Access control: every route × an anonymous caller, a revoked key, a disabled account, another
//! user, an admin, the owner; and a key of each single scope. Routes are read from the program
//! (`routes`); a route without a row in `table` fails, and so does a row without a route.

mod routes;
mod table;

use crate::{
    domain::{EntryDraft, Scope, Scopes, Status, ids::ConversationId},
    server::{
        base::new_id,
        http::scopes::ROUTES,
        identity::{self, invite},
        store::{
            api_keys,
            files::{self, FileRecord},
            people,
            turns::TurnRef,
        },
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        Answer, Person, Sse, TestApp,
        people::{draft, own_tool, waiting},
    },
};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use std::collections::BTreeSet;
use table::{Keys, Row, TABLE};

const CALLERS: [&str; 6] = [
    "an anonymous caller",
    "a revoked key",
    "a disabled account",
    "another user",
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
    assert!(routes.len() > 70, "too few routes found: {routes:?}");
    let missing: Vec<_> = routes.difference(&rows).collect();
    let unused: Vec<_> = rows.difference(&routes).collect();
    assert!(
        missing.is_empty() && unused.is_empty(),
        "without a row: {missing:#?}\nwithout a route: {unused:#?}"
    );
}

#[test]
fn every_route_says_its_scope_and_every_scope_its_route() {
    let mut routes: BTreeSet<String> = routes::plain().into_iter().collect();
    routes.extend(["get /fn/{*path}".to_owned(), "post /fn/{*path}".to_owned()]);
    let ruled: BTreeSet<String> = ROUTES
        .iter()
        .map(|(method, path, _)| format!("{} {path}", method.to_lowercase()))
        .collect();
    assert_eq!(ruled.len(), ROUTES.len(), "a route has two rules");
    assert_eq!(
        routes, ruled,
        "add a row to src/server/http/scopes.rs for each route"
    );
}

#[tokio::test]
async fn a_key_of_one_scope_opens_only_what_the_table_says() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut wrong = Vec::new();
    for (n, row) in TABLE.iter().enumerate() {
        app.app.clock.advance(60_000);
        let fixture = Fixture::of(&app, n, row).await;
        let is_opened_by = |scope: Scope| match row.keys {
            Keys::Any => true,
            Keys::None => false,
            Keys::With(scopes) => scopes.contains(&scope),
        };
        // first those that must change nothing
        let mut scopes = Scope::ALL.to_vec();
        scopes.sort_by_key(|scope| is_opened_by(*scope));
        for scope in scopes {
            let key = app.key_with(&fixture.owner, Scopes::of(&[scope])).await;
            let before = fixture.owner.cursor().await;
            let status = fixture.request_status(&key, row).await;
            let expected = if is_opened_by(scope) {
                row.answers[5]
            } else {
                403
            };
            let mut check = |status, expected, whose| {
                if status != expected {
                    wrong.push(format!(
                        "{} {} {}: {whose} key of {scope} gets {status}, not {expected}",
                        row.route, row.address, row.body
                    ));
                }
            };
            check(status, expected, "the owner's");
            if status >= 400 {
                assert_eq!(fixture.owner.cursor().await, before, "{}", row.route);
            }
            if matches!(row.keys, Keys::With([Scope::Admin])) {
                let key = app.key_with(&admin, Scopes::of(&[scope])).await;
                let status = fixture.request_status(&key, row).await;
                let expected = if is_opened_by(scope) {
                    row.answers[4]
                } else {
                    403
                };
                check(status, expected, "an admin's");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_caller_gets_the_status_in_the_table() {
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
        let fixture = Fixture::of(&app, n, row).await;
        let owner = fixture.owner.clone();
        // a row may end the caller's session
        let (admin, other) = (app.signed_in(admin.id).await, app.signed_in(other.id).await);
        let before = owner.cursor().await;
        for (caller, (who, expected)) in [
            &app.anonymous(),
            &fixture.revoked,
            &disabled,
            &other,
            &admin,
            &owner,
        ]
        .iter()
        .zip(row.answers)
        .enumerate()
        {
            if caller == 5 && expected >= 400 {
                assert_eq!(owner.cursor().await, before, "{}", row.route);
            }
            let status = fixture.request_status(who, row).await;
            if status != expected {
                wrong.push(format!(
                    "{} {}: {} gets {status}, not {expected}",
                    row.route, row.body, CALLERS[caller]
                ));
            }
            if caller == 3 {
                assert_eq!(
                    owner.cursor().await,
                    before,
                    "{}: another user changed something",
                    row.route
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The owner's data, as far as a row names it, and a revoked key of theirs.
struct Fixture {
    owner: Person,
    revoked: Person,
    placeholders: Vec<(&'static str, String)>,
}

impl Fixture {
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
        let mut fixture = Self {
            owner,
            revoked,
            placeholders: Vec::new(),
        };
        let named =
            |placeholder: &str| row.address.contains(placeholder) || row.body.contains(placeholder);
        let in_conversation = [
            "{conversation}",
            "{message}",
            "{file}",
            "{question}",
            "{work}",
            "{produced}",
        ];
        if in_conversation.into_iter().any(named) {
            fixture.create_conversation(app).await;
        }
        if named("{entry}") {
            let mut entry = json!({ "logType": "info", "status": "info", "title": "between-us" });
            if let Some((_, conversation)) = fixture.placeholders.first() {
                entry["conversationId"] = json!(conversation);
            }
            let entry = fixture.owner.creates(entry).await;
            fixture
                .placeholders
                .push(("{entry}", entry["id"].as_str().unwrap().to_owned()));
        }
        if named("{question}") {
            let (_, conversation) = fixture
                .placeholders
                .first()
                .expect("an approval is in a conversation");
            let now = app.app.clock.now();
            let turn = TurnRef {
                user_id: fixture.owner.id,
                id: new_id::turn(now),
                conversation_id: conversation.parse().unwrap(),
            };
            let tool = own_tool("write_note", "of today");
            let approval = waiting(&app.app.store, turn, tool, now.plus(60_000)).await;
            fixture
                .placeholders
                .push(("{question}", approval.id.to_string()));
        }
        if named("{key}") {
            let own = api_keys::of_user(&mut app.app.store.read().await.unwrap(), fixture.owner.id)
                .await
                .unwrap();
            app.key_of(&fixture.owner).await;
            let keys =
                api_keys::of_user(&mut app.app.store.read().await.unwrap(), fixture.owner.id)
                    .await
                    .unwrap();
            let fresh = keys.into_iter().find(|key| !own.contains(key)).unwrap();
            fixture.placeholders.push(("{key}", fresh.id));
        }
        if named("{person}") {
            let person = app.person(&format!("person{n}@example.org")).await;
            fixture.placeholders.extend([
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
            fixture
                .placeholders
                .push(("{invited}", format!("invited{n}%40example.org")));
        }
        fixture
    }

    /// Creates a conversation with a message that has a file, an answer, and an entry of its turn
    /// and a file made by it.
    async fn create_conversation(&mut self, app: &TestApp) {
        let conversation = self.owner.begins().await;
        let form = reqwest::multipart::Form::new().text("content", "between-us");
        let file =
            reqwest::multipart::Part::bytes(b"between-us".to_vec()).file_name("between-us.txt");
        let path = format!("/api/conversations/{conversation}/messages");
        let sent = Answer::to(
            self.owner
                .request(Method::POST, &path)
                .multipart(form.part("attachment", file)),
        )
        .await
        .expect(202);
        self.owner.awaits_the_end(&conversation).await;
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let message = &sent["message"];
        self.placeholders = vec![
            ("{conversation}", conversation.clone()),
            ("{message}", text(&message["id"])),
            ("{file}", text(&message["attachments"][0]["id"])),
        ];
        let conversation: ConversationId = conversation.parse().unwrap();
        let (store, now) = (&app.app.store, app.app.clock.now());
        let draft = EntryDraft {
            conversation_id: Some(conversation),
            ..draft(Status::Success, "between-us")
        };
        let origin = Origin {
            turn_id: Some(text(&sent["turnId"]).parse().unwrap()),
            idempotency: None,
        };
        let work = create_work_log(store, now, self.owner.id, draft, origin)
            .await
            .unwrap();
        let produced = FileRecord {
            id: new_id::file(now),
            conversation_id: conversation,
            media_type: "text/plain".into(),
            name: "between-us".into(),
            bytes: 1,
        };
        let mut tx = store.begin().await.unwrap();
        files::insert(&mut tx, now, self.owner.id, &produced)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        std::fs::write(app.file(self.owner.id, produced.id), "x").unwrap();
        self.placeholders.extend([
            ("{work}", work.id.to_string()),
            ("{produced}", produced.id.to_string()),
        ]);
    }

    fn fill_in(&self, text: &str) -> String {
        self.placeholders
            .iter()
            .fold(text.to_owned(), |text, (placeholder, value)| {
                text.replace(placeholder, value)
            })
    }

    /// The status of the response. A stream always answers 200; its `auth` event counts as 401.
    async fn request_status(&self, who: &Person, row: &Row) -> u16 {
        let (method, _) = row.route.split_once(' ').unwrap();
        let request = with_body(
            who.request(
                method.to_uppercase().parse().unwrap(),
                &self.fill_in(row.address),
            ),
            &self.fill_in(row.body),
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
