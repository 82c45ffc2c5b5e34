//! A tool runs only as it was asked about: nothing but the approval's own row allows it, for these
//! arguments and this definition of the tool.

use crate::{
    server::assistant::{
        tool::{Tool, ToolContext, ToolDefinition, ToolError, ToolOutput},
        tools::Registry,
    },
    tests::support::{CallingModel, Person, TestApp, address_of},
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A tool that writes; its definition has a version, and its runs are counted.
#[derive(Clone, Default)]
struct Sender {
    version: Arc<AtomicUsize>,
    runs: Arc<AtomicUsize>,
}

impl Tool for Sender {
    fn definition(&self) -> ToolDefinition {
        let version = self.version.load(Ordering::SeqCst);
        ToolDefinition {
            name: "send".to_owned(),
            description: format!("Sends, version {version}"),
            schema: json!({ "type": "object" }),
        }
    }

    fn title(&self, _: &Value) -> String {
        "Send".to_owned()
    }

    fn needs_approval(&self, _: &Value) -> bool {
        true
    }

    fn run(&self, _: Value, _: ToolContext) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
        let runs = self.runs.clone();
        Box::pin(async move {
            runs.fetch_add(1, Ordering::SeqCst);
            Ok(ToolOutput {
                text: "Sent.".to_owned(),
                details: Some("Sent.".to_owned()),
                files: Vec::new(),
            })
        })
    }
}

/// A server whose model calls [`Sender`], a user's session and conversation.
async fn with_sender() -> (TestApp, Sender, Person, String) {
    let sender = Sender::default();
    let model = CallingModel::of(&[("send", json!({ "to": "ada" }))]);
    let tool = Arc::new(sender.clone());
    let app = TestApp::with_tools(vec![model], |_| Registry::new(vec![tool])).await;
    let ada = app.browser("ada@example.org").await;
    let conversation = ada.begins().await;
    (app, sender, ada, conversation)
}

async fn asks(ada: &Person, conversation: &str) -> Value {
    ada.says(conversation, "Go").await;
    ada.awaits_a_question(conversation).await
}

/// The entry after the turn, and how often the tool has run.
async fn outcome(ada: &Person, conversation: &str, entry: &Value, tool: &Sender) -> (Value, usize) {
    ada.awaits_the_end(conversation).await;
    let read = ada.gets(&address_of(entry)).await.expect(200);
    (read["log"].clone(), tool.runs.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_forged_approval_stays_waiting_and_the_tool_does_not_run() {
    let (app, sender, ada, conversation) = with_sender().await;
    let key = app.key_of(&ada).await;
    let entry = asks(&ada, &conversation).await;
    let decided = json!({
        "state": "decided", "decision": "always", "by": ada.id, "at": "2026-11-24T09:30:00.000Z",
    });
    for body in [
        json!({ "metadata": { "approval": decided } }),
        json!({ "metadata": { "approval": null } }),
        json!({ "metadata": { "tool": "read" } }),
        json!({ "title": "Read" }),
        json!({ "details": "to: nobody" }),
        json!({ "status": "success" }),
        json!({ "kept": true, "metadata": { "approval": decided } }),
    ] {
        let answer = key.sends_patch(&address_of(&entry), body.clone()).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
    }
    let waiting = json!({ "state": "waiting", "until": "2026-11-24T09:40:00.000Z" });
    for approval in [decided, waiting] {
        let invented = json!({
            "logType": "tool_call", "status": "working", "title": "Send",
            "conversationId": conversation, "metadata": { "tool": "send", "approval": approval },
        });
        let answer = key.posts("/api/work-log/create", invented).await;
        assert_eq!(answer.refused_fields(), ["metadata.approval"]);
    }
    let read = ada.gets(&address_of(&entry)).await.expect(200);
    assert_eq!(read["log"], entry);
    assert!(!ada.gets("/settings").await.text().contains("<code>send"));
    ada.decides(&entry, "deny").await.expect(200);
    let (done, runs) = outcome(&ada, &conversation, &entry, &sender).await;
    assert_eq!((&done["status"], runs), (&json!("warning"), 0));
}

#[tokio::test]
async fn what_was_allowed_stays_beside_the_result() {
    let (_app, sender, ada, conversation) = with_sender().await;
    let entry = asks(&ada, &conversation).await;
    ada.decides(&entry, "once").await.expect(200);
    let (done, runs) = outcome(&ada, &conversation, &entry, &sender).await;
    assert_eq!(
        (&done["status"], &done["details"], runs),
        (&json!("success"), &json!("to: ada\n\nResult:\nSent."), 1)
    );
}

#[tokio::test]
async fn a_tool_that_changes_while_it_waits_is_not_run() {
    let (_app, sender, ada, conversation) = with_sender().await;
    let entry = asks(&ada, &conversation).await;
    sender.version.store(2, Ordering::SeqCst);
    ada.decides(&entry, "once").await.expect(200);
    let (done, runs) = outcome(&ada, &conversation, &entry, &sender).await;
    assert_eq!((&done["status"], runs), (&json!("warning"), 0), "{done}");
}

#[tokio::test]
async fn a_call_with_other_arguments_than_the_row_has_is_not_run() {
    for column in ["arguments_hash", "definition_hash", "call_id", "turn_id"] {
        let (app, sender, ada, conversation) = with_sender().await;
        let entry = asks(&ada, &conversation).await;
        let other = "0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f";
        let sql = format!("update approvals set {column} = '{other}'");
        let mut tx = app.app.store.begin().await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        ada.decides(&entry, "once").await.expect(200);
        let (done, runs) = outcome(&ada, &conversation, &entry, &sender).await;
        assert_eq!((&done["status"], runs), (&json!("warning"), 0), "{column}");
    }
}

#[tokio::test]
async fn an_always_allowed_tool_asks_again_after_its_definition_changes() {
    let (_app, sender, ada, conversation) = with_sender().await;
    for version in [1, 2] {
        sender.version.store(version, Ordering::SeqCst);
        let entry = asks(&ada, &conversation).await;
        ada.decides(&entry, "always").await.expect(200);
        outcome(&ada, &conversation, &entry, &sender).await;
        ada.says(&conversation, "Go").await;
        ada.awaits_the_end(&conversation).await;
        assert_eq!(sender.runs.load(Ordering::SeqCst), 2 * version);
    }
    let settings = ada.gets("/settings").await.text();
    assert_eq!(settings.matches("<code>send").count(), 1);
    sender.version.store(1, Ordering::SeqCst);
    let entry = asks(&ada, &conversation).await;
    ada.decides(&entry, "deny").await.expect(200);
}

#[tokio::test]
async fn settings_says_once_which_grants_are_forgotten() {
    let (app, _, ada, _) = with_sender().await;
    let notice = "These tools ask you again";
    assert!(!ada.gets("/settings").await.text().contains(notice));
    let mut tx = app.app.store.begin().await.unwrap();
    sqlx::query("insert into forgotten_grants (user_id, tool) values ($1, 'mail_send')")
        .bind(ada.id.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let bob = app.browser("bob@example.org").await;
    assert!(!bob.gets("/settings").await.text().contains(notice));
    for _ in 0..2 {
        let page = ada.gets("/settings").await.text();
        assert!(page.contains(notice) && page.contains("<code>mail_send"));
    }
    let seen = ada.submits("/fn/approvals/seen", "/settings", &[]).await;
    assert_eq!((seen.status, seen.header("location")), (302, "/settings"));
    assert!(!ada.gets("/settings").await.text().contains(notice));
}
