//! Fixed examples of everything a component shows, for the gallery and for tests. No clock: it is
//! always half past nine.

use crate::domain::{
    AnswerFacts, Approval, Conversation, DeleteReceipt, Gap, GapReason, LogType, MediaFile,
    Message, MessageStatus, Metadata, ModelChoice, Role, Status, StorageStatus, WorkLogEntry,
    ids::{ConversationId, EntryId, FileId, MessageId, TurnId, UserId},
    time::{DAY_MS, Timestamp},
};
use std::sync::Arc;
use uuid::Uuid;

/// Server time of all examples: 24 Nov 2026, 09:30 UTC.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_512_600_000);

const fn uuid(n: u32) -> Uuid {
    Uuid::from_u128(n as u128)
}

/// The turn that all examples belong to.
pub const fn turn() -> TurnId {
    TurnId::from_uuid(uuid(3))
}

/// The conversation that all examples stand in.
pub const fn conversation_id() -> ConversationId {
    ConversationId::from_uuid(uuid(2))
}

/// The `n`th entry, `n` seconds after half past nine.
pub fn entry(n: u32, log_type: LogType, status: Status, title: &str) -> WorkLogEntry {
    let at = NOW.plus(i64::from(n % 100) * 1000);
    WorkLogEntry {
        id: EntryId::from_uuid(uuid(n)),
        user_id: UserId::from_uuid(uuid(1)),
        conversation_id: Some(conversation_id()),
        parent_id: None,
        turn_id: Some(turn()),
        log_type,
        status,
        title: title.to_owned(),
        details: None,
        metadata: Metadata::default(),
        timestamp: at,
        updated_at: at.plus(900),
        duration_ms: (status != Status::Working).then_some(900),
        storage_status: StorageStatus::Hot,
        expires_at: Some(NOW.plus(90 * DAY_MS)),
        kept_by: None,
        archived_at: None,
        rev: i64::from(n),
    }
}

/// A turn that met a limit, fell back, painted and still composes; `first` is the number of its
/// first entry.
pub fn lighthouse(first: u32) -> Vec<Arc<WorkLogEntry>> {
    let gemini = Metadata::default()
        .with("provider", "gemini")
        .with("model", "gemini-2.5-flash")
        .with("modelName", "Gemini 2.5 Flash");
    let groq = Metadata::default()
        .with("provider", "groq")
        .with("modelName", "Groq llama-3.1-8b-instant");
    let limited = WorkLogEntry {
        details: Some(
            "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\n \"message\":\"Quota exceeded for requests per minute.\"}}"
                .into(),
        ),
        metadata: gemini.with("errorClass", "rate_limit").with("attempt", 1),
        duration_ms: Some(400),
        ..entry(first, LogType::AiResponse, Status::Error, "Gemini 2.5 Flash is over its limit (429)")
    };
    let fallback = WorkLogEntry {
        duration_ms: None,
        ..entry(
            first + 1,
            LogType::Info,
            Status::Warning,
            "Fallback: trying Groq llama-3.1-8b-instant instead",
        )
    };
    let planned = WorkLogEntry {
        metadata: groq
            .with("inputTokens", 812)
            .with("outputTokens", 164)
            .with("fallback", true),
        ..entry(
            first + 2,
            LogType::AiResponse,
            Status::Success,
            "Groq llama-3.1-8b-instant planned the answer",
        )
    };
    let painted = entry(
        first + 3,
        LogType::ToolCall,
        Status::Success,
        "Image: a lighthouse at dusk, oil on canvas",
    );
    let composing = WorkLogEntry {
        metadata: Metadata::default().with("progress", 60),
        timestamp: NOW.plus(-12_000),
        ..entry(
            first + 4,
            LogType::ToolCall,
            Status::Working,
            "Music: slow cello over waves, 30 seconds",
        )
    };
    [limited, fallback, planned, painted, composing]
        .map(Arc::new)
        .into()
}

/// A turn that went well.
pub fn looked_up(first: u32) -> Vec<Arc<WorkLogEntry>> {
    [
        entry(
            first,
            LogType::AiResponse,
            Status::Success,
            "Gemini 2.5 Flash planned the answer",
        ),
        entry(
            first + 1,
            LogType::ToolCall,
            Status::Success,
            "Search: painters of lighthouses",
        ),
        entry(
            first + 2,
            LogType::AiResponse,
            Status::Success,
            "Gemini 2.5 Flash answered",
        ),
    ]
    .map(Arc::new)
    .into()
}

/// An entry in each status, one stopped, one from the archive and kept, one with long and hostile
/// text.
pub fn each_state(first: u32) -> Vec<Arc<WorkLogEntry>> {
    let mut entries: Vec<_> = (first..)
        .zip(Status::ALL)
        .map(|(n, status)| entry(n, LogType::Info, *status, &format!("Status: {status}")))
        .collect();
    let stopped = Metadata::default().with("stopped", true);
    entries.push(WorkLogEntry {
        metadata: stopped,
        ..entry(
            first + 10,
            LogType::AiResponse,
            Status::Warning,
            "Answer: stopped by hand",
        )
    });
    entries.push(WorkLogEntry {
        storage_status: StorageStatus::Archived,
        expires_at: None,
        ..entry(
            first + 11,
            LogType::Deployment,
            Status::Success,
            "Release: version 2.7, kept for good",
        )
    });
    entries.push(WorkLogEntry {
        details: Some(
            (1..=40)
                .map(|line| format!("line {line}: \u{202e}hidden\u{202c} \u{1b}[31mred\n"))
                .collect(),
        ),
        ..entry(
            first + 12,
            LogType::FileOperation,
            Status::Success,
            "File: photo\u{202e}gpj.exe",
        )
    });
    entries.push(waiting(first + 13));
    entries.into_iter().map(Arc::new).collect()
}

/// A tool that waits for its owner's word.
pub fn waiting(n: u32) -> WorkLogEntry {
    let approval = Approval::Waiting {
        until: NOW.plus(600_000),
    };
    WorkLogEntry {
        details: Some("to: ada@example.org\nsubject: The lighthouse\n".into()),
        metadata: Metadata::default()
            .with("tool", "mail_send")
            .with("approval", serde_json::json!(approval)),
        ..entry(
            n,
            LogType::ToolCall,
            Status::Working,
            "Mail: The lighthouse",
        )
    }
}

/// The `n`th message.
pub fn message(n: u32, role: Role, status: MessageStatus, content: &str) -> Message {
    Message {
        id: MessageId::from_uuid(uuid(n)),
        conversation_id: conversation_id(),
        turn_id: Some(turn()),
        role,
        content: content.to_owned(),
        html: None,
        html_bytes: 0,
        attachments: Vec::new(),
        status,
        facts: AnswerFacts::default(),
        created_at: NOW,
        updated_at: NOW,
        rev: i64::from(n),
    }
}

/// An answer of the demo model, rendered as far as `html` goes.
pub fn answer(n: u32, status: MessageStatus, html: &str, rest: &str) -> Message {
    let facts = AnswerFacts {
        provider: Some("demo".into()),
        model_name: Some("Demo".into()),
        duration_ms: Some(3_100),
        input_tokens: Some(641),
        output_tokens: Some(98),
        first_token_ms: Some(420),
        ..AnswerFacts::default()
    };
    let html = Some(html.to_owned()).filter(|html| !html.is_empty());
    let html_bytes = html.as_ref().map_or(0, String::len);
    let content = format!("{}{rest}", html.as_deref().unwrap_or_default());
    Message {
        html,
        html_bytes,
        facts,
        ..message(n, Role::Assistant, status, &content)
    }
}

/// A file of each kind that a tool makes. They are served from `public/samples`, under their names.
pub fn files() -> Vec<MediaFile> {
    [
        (
            "image/svg+xml",
            "lighthouse.svg",
            "A lighthouse at dusk",
            24_850,
        ),
        ("audio/wav", "cello.wav", "Slow cello over waves", 192_044),
        ("video/webm", "rain.webm", "A short film of rain", 116_881),
    ]
    .into_iter()
    .zip(7..)
    .map(|((media_type, name, description, bytes), n)| MediaFile {
        id: FileId::from_uuid(uuid(n)),
        media_type: media_type.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        bytes,
    })
    .collect()
}

/// Where a sample's file is.
pub fn address_of(file: &MediaFile) -> String {
    format!("/samples/{}", file.name)
}

/// Conversations of several days; work is going on in the first.
pub fn conversations() -> Vec<Conversation> {
    [
        ("A lighthouse, with music", 0),
        ("Release notes for 2.7", 0),
        ("Why does the build fail on ARM?", 1),
        ("Invoice letters in three languages", 20),
    ]
    .into_iter()
    .zip(2..)
    .map(|((title, days_ago), n)| Conversation {
        id: ConversationId::from_uuid(uuid(n)),
        title: title.to_owned(),
        created_at: NOW,
        updated_at: NOW.plus(-days_ago * DAY_MS - i64::from(n)),
        running_turn_id: (n == 2).then(turn),
        model: None,
        kept: n == 3,
        rev: 1,
    })
    .collect()
}

/// What was deleted: all of it, and where the archive could not be reached.
pub fn receipts() -> [DeleteReceipt; 2] {
    let whole = DeleteReceipt {
        conversations: 1,
        messages: 6,
        rows: 8,
        archived: 4,
        files: 1,
        objects: 2,
        objects_pending: 0,
    };
    [
        whole,
        DeleteReceipt {
            conversations: 0,
            messages: 0,
            files: 0,
            objects: 1,
            objects_pending: 1,
            ..whole
        },
    ]
}

/// What could not be read of two days, of an archive that is away.
pub fn gaps() -> Vec<Gap> {
    let gap = |n, entries| Gap {
        from: EntryId::from_uuid(uuid(n)),
        to: EntryId::from_uuid(uuid(n)),
        entries,
        reason: GapReason::Unreachable,
    };
    vec![gap(1, 4), gap(2, 8)]
}

/// A chain of two.
pub fn models() -> Vec<ModelChoice> {
    [
        ("gemini:gemini-2.5-flash", "Gemini gemini-2.5-flash"),
        ("groq:llama-3.1-8b-instant", "Groq llama-3.1-8b-instant"),
    ]
    .map(|(key, title)| ModelChoice {
        key: key.to_owned(),
        title: title.to_owned(),
    })
    .into()
}
