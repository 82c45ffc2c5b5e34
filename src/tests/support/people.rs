//! Shortcuts to create a user, a conversation, an entry or a turn in a store.

use crate::{
    domain::{
        Account, Approval, Conversation, EntryDraft, LEASE_DEFAULT_MS, LogType, Metadata, Status,
        WorkLogEntry, ids::UserId, time::Timestamp,
    },
    server::{
        base::new_id,
        chat::{BeginTurn, begin_turn, create_conversation},
        limits::TurnLimits,
        store::{Store, approvals::BoundCall, tool_grants::ToolIdentity, turns::TurnRef, users},
        work_log::{Origin, create_work_log, request_approval},
    },
};

/// The time at which tests begin: 2026-11-24T09:30:00Z.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_512_600_000);

/// An account that cannot sign in.
pub async fn person(store: &Store, name: &str) -> UserId {
    let account = Account {
        id: new_id::user(NOW),
        email: format!("{name}@example.org"),
        is_admin: false,
    };
    let mut tx = store.begin().await.unwrap();
    assert!(
        users::insert(&mut tx, NOW, &account, "no password")
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    account.id
}

/// An empty conversation.
pub async fn conversation(store: &Store, user: UserId, title: &str) -> Conversation {
    create_conversation(store, NOW, user, title).await.unwrap()
}

/// A draft of an entry outside conversations.
pub fn draft(status: Status, title: &str) -> EntryDraft {
    EntryDraft {
        conversation_id: None,
        parent_id: None,
        log_type: LogType::ToolCall,
        status,
        title: title.to_owned(),
        details: None,
        metadata: Metadata::default(),
        duration_ms: None,
        lease_ms: LEASE_DEFAULT_MS,
    }
}

/// An entry created from [`draft`].
pub async fn entry(store: &Store, user: UserId, status: Status, title: &str) -> WorkLogEntry {
    create_work_log(store, NOW, user, draft(status, title), Origin::default())
        .await
        .unwrap()
}

/// The parameters of a turn with a lease of a minute and no limits.
pub const fn beginning(user: UserId) -> BeginTurn<'static> {
    BeginTurn {
        now: NOW,
        user,
        worker: "worker",
        lease_until: NOW.plus(60_000),
        limits: TurnLimits {
            turns: 0,
            upload_bytes_per_day: 0,
            file_bytes: 0,
        },
    }
}

/// A running turn in a new conversation.
pub async fn turn(store: &Store, user: UserId) -> TurnRef {
    begin_turn(store, beginning(user), None, "Paint me a lighthouse")
        .await
        .unwrap()
        .0
}

/// One of Holly's own tools with this definition.
pub fn own_tool(name: &str, definition: &str) -> ToolIdentity {
    ToolIdentity {
        server: String::new(),
        name: name.to_owned(),
        definition_hash: definition.to_owned(),
    }
}

/// The entry of a tool call that waits for its owner's approval until `until`.
pub async fn waiting(
    store: &Store,
    turn: TurnRef,
    tool: ToolIdentity,
    until: Timestamp,
) -> WorkLogEntry {
    let draft = EntryDraft {
        details: Some("text: buy oil\n".to_owned()),
        metadata: Metadata::default().with("tool", tool.name.as_str()),
        ..draft(Status::Working, "Note: buy oil")
    };
    let call = BoundCall {
        call_id: "call-1".to_owned(),
        tool,
        arguments_hash: "arguments".to_owned(),
    };
    let state = Approval::Waiting { until };
    request_approval(store, NOW, turn, draft, call, (until, state))
        .await
        .unwrap()
}
