//! One row per route, more where it may name data of another user.

use crate::domain::Scope::{self, Admin, Approve, Chat, LogRead, LogWrite};

/// A request to a route, and the status for each of the six callers.
pub(super) struct Row {
    /// `method address`, as the router has it.
    pub(super) route: &'static str,
    /// The address, with placeholders for the owner's data.
    pub(super) address: &'static str,
    /// JSON or a form; empty for no body.
    pub(super) body: &'static str,
    /// The statuses for an anonymous caller, a revoked key, a disabled account, another user, an
    /// admin and the owner.
    pub(super) answers: [u16; 6],
    /// Which keys are answered like their owner; others get 403.
    pub(super) keys: Keys,
}

/// Which API keys of a user open a route.
#[derive(Clone, Copy)]
pub(super) enum Keys {
    /// All.
    Any,
    /// Those with one of these scopes.
    With(&'static [Scope]),
    /// None.
    None,
}

/// Data of the owner.
const fn owned(status: u16) -> [u16; 6] {
    [401, 401, 401, 404, 404, status]
}
/// Data of the caller.
const fn own(status: u16) -> [u16; 6] {
    [401, 401, 401, status, status, status]
}
/// For admins; other users get `denied`.
const fn admins(denied: u16, status: u16) -> [u16; 6] {
    [401, 401, 401, denied, status, denied]
}
const fn anyone(status: u16) -> [u16; 6] {
    [status; 6]
}
/// A page: anonymous callers are redirected to the sign-in page.
const fn page(mut answers: [u16; 6]) -> [u16; 6] {
    let mut n = 0;
    while n < 3 {
        answers[n] = 303;
        n += 1;
    }
    answers
}

const fn row(
    route: &'static str,
    address: &'static str,
    body: &'static str,
    answers: [u16; 6],
    keys: Keys,
) -> Row {
    Row {
        route,
        address,
        body,
        answers,
        keys,
    }
}
/// A server function; no key opens it.
const fn function(route: &'static str, body: &'static str, answers: [u16; 6]) -> Row {
    let (_, address) = route.split_at(5);
    Row {
        route,
        address,
        body,
        answers,
        keys: Keys::None,
    }
}

const NOTE: &str = r#"{"logType": "info", "status": "info", "title": "x"}"#;
const NOTE_HERE: &str =
    r#"{"logType": "info", "status": "info", "title": "x", "conversationId": "{conversation}"}"#;
const NOTE_BELOW: &str =
    r#"{"logType": "info", "status": "info", "title": "x", "parentId": "{entry}"}"#;

pub(super) const TABLE: &[Row] = &[
    // the work log
    row(
        "post /api/work-log/create",
        "/api/work-log/create",
        NOTE,
        own(201),
        Keys::With(&[LogWrite]),
    ),
    row(
        "post /api/work-log/create",
        "/api/work-log/create",
        NOTE_HERE,
        owned(201),
        Keys::With(&[LogWrite]),
    ),
    row(
        "post /api/work-log/create",
        "/api/work-log/create",
        NOTE_BELOW,
        owned(201),
        Keys::With(&[LogWrite]),
    ),
    row(
        "get /api/work-log/list",
        "/api/work-log/list",
        "",
        own(200),
        Keys::With(&[LogRead, Chat]),
    ),
    row(
        "get /api/work-log/list",
        "/api/work-log/list?conversationId={conversation}",
        "",
        owned(200),
        Keys::With(&[LogRead, Chat]),
    ),
    row(
        "get /api/work-log/stream",
        "/api/work-log/stream",
        "",
        own(200),
        Keys::With(&[LogRead, Chat]),
    ),
    row(
        "get /api/work-log/stream",
        "/api/work-log/stream?conversationId={conversation}",
        "",
        owned(200),
        Keys::With(&[LogRead, Chat]),
    ),
    row(
        "get /api/work-log/export",
        "/api/work-log/export",
        "",
        own(200),
        Keys::With(&[LogRead]),
    ),
    row(
        "get /api/work-log/export",
        "/api/work-log/export?conversationId={conversation}",
        "",
        owned(200),
        Keys::With(&[LogRead]),
    ),
    row(
        "get /api/work-log/cleanup",
        "/api/work-log/cleanup?dryRun=true",
        "",
        admins(403, 200),
        Keys::With(&[Admin]),
    ),
    row(
        "post /api/work-log/cleanup",
        "/api/work-log/cleanup",
        "",
        admins(403, 200),
        Keys::With(&[Admin]),
    ),
    row(
        "get /api/work-log/stats",
        "/api/work-log/stats",
        "",
        admins(403, 200),
        Keys::With(&[Admin]),
    ),
    row(
        "get /api/audit",
        "/api/audit",
        "",
        admins(403, 200),
        Keys::With(&[Admin]),
    ),
    row(
        "get /api/work-log/{id}",
        "/api/work-log/{entry}",
        "",
        owned(200),
        Keys::With(&[LogRead]),
    ),
    row(
        "patch /api/work-log/{id}",
        "/api/work-log/{entry}",
        r#"{"title": "mine now"}"#,
        owned(200),
        Keys::With(&[LogWrite]),
    ),
    row(
        "delete /api/work-log/{id}",
        "/api/work-log/{entry}",
        "",
        owned(200),
        Keys::With(&[LogWrite]),
    ),
    row(
        "get /api/work-log/export",
        "/api/work-log/export?messages=true",
        "",
        own(200),
        Keys::With(&[LogRead, Chat]),
    ),
    row(
        "patch /api/work-log/{id}",
        "/api/work-log/{work}",
        r#"{"kept": true}"#,
        owned(200),
        Keys::With(&[Chat]),
    ),
    row(
        "patch /api/work-log/{id}",
        "/api/work-log/{work}",
        r#"{"title": "mine now"}"#,
        owned(422),
        Keys::With(&[Chat]),
    ),
    row(
        "delete /api/work-log/{id}",
        "/api/work-log/{work}",
        "",
        owned(200),
        Keys::With(&[Chat]),
    ),
    // conversations
    row(
        "get /api/conversations",
        "/api/conversations",
        "",
        own(200),
        Keys::With(&[Chat]),
    ),
    row(
        "post /api/conversations",
        "/api/conversations",
        "{}",
        own(201),
        Keys::With(&[Chat]),
    ),
    row(
        "get /api/conversations/{id}",
        "/api/conversations/{conversation}",
        "",
        owned(200),
        Keys::With(&[Chat]),
    ),
    row(
        "patch /api/conversations/{id}",
        "/api/conversations/{conversation}",
        r#"{"title": "mine now"}"#,
        owned(200),
        Keys::With(&[Chat]),
    ),
    row(
        "delete /api/conversations/{id}",
        "/api/conversations/{conversation}",
        "",
        owned(200),
        Keys::With(&[Chat]),
    ),
    row(
        "post /api/conversations/{id}/messages",
        "/api/conversations/{conversation}/messages",
        r#"{"content": "x"}"#,
        owned(202),
        Keys::With(&[Chat]),
    ),
    row(
        "post /messages",
        "/messages",
        r#"{"content": "x"}"#,
        own(202),
        Keys::With(&[Chat]),
    ),
    row(
        "post /api/conversations/{id}/regenerate",
        "/api/conversations/{conversation}/regenerate",
        "",
        owned(202),
        Keys::With(&[Chat]),
    ),
    row(
        "post /api/conversations/{id}/stop",
        "/api/conversations/{conversation}/stop",
        "",
        owned(200),
        Keys::With(&[Chat]),
    ),
    row(
        "post /api/conversations/{id}/approvals/{entry}",
        "/api/conversations/{conversation}/approvals/{question}",
        r#"{"decision": "once"}"#,
        owned(200),
        Keys::With(&[Approve]),
    ),
    row(
        "get /files/{id}",
        "/files/{file}",
        "",
        owned(200),
        Keys::With(&[Chat]),
    ),
    row(
        "get /files/{id}",
        "/files/{produced}",
        "",
        owned(200),
        Keys::With(&[LogRead]),
    ),
    // unknown paths, and routes for machines
    row(
        "get /api/{*rest}",
        "/api/nonsense",
        "",
        anyone(404),
        Keys::Any,
    ),
    row(
        "post /api/{*rest}",
        "/api/nonsense",
        "",
        anyone(404),
        Keys::Any,
    ),
    row(
        "patch /api/{*rest}",
        "/api/nonsense",
        "",
        anyone(404),
        Keys::Any,
    ),
    row(
        "delete /api/{*rest}",
        "/api/nonsense",
        "",
        anyone(404),
        Keys::Any,
    ),
    row("get /healthz", "/healthz", "", anyone(200), Keys::Any),
    row("get /readyz", "/readyz", "", anyone(200), Keys::Any),
    row(
        "get /metrics",
        "/metrics",
        "",
        admins(403, 200),
        Keys::With(&[Admin]),
    ),
    row(
        "get /openapi.json",
        "/openapi.json",
        "",
        anyone(200),
        Keys::Any,
    ),
    // pages
    row("get /", "/", "", page(own(200)), Keys::None),
    row(
        "get /c/{id}",
        "/c/{conversation}",
        "",
        page(owned(200)),
        Keys::None,
    ),
    row(
        "get /conversations",
        "/conversations",
        "",
        page(own(200)),
        Keys::None,
    ),
    row("get /confirm", "/confirm", "", page(own(200)), Keys::None),
    row("get /history", "/history", "", page(own(200)), Keys::None),
    row("get /settings", "/settings", "", page(own(200)), Keys::None),
    row(
        "get /settings/people",
        "/settings/people",
        "",
        page(admins(404, 200)),
        Keys::None,
    ),
    row(
        "get /settings/audit",
        "/settings/audit",
        "",
        page(admins(404, 200)),
        Keys::None,
    ),
    row(
        "get /stats",
        "/stats",
        "",
        page(admins(404, 200)),
        Keys::None,
    ),
    row(
        "get /holds",
        "/holds",
        "",
        page(admins(404, 200)),
        Keys::None,
    ),
    row("get /gallery", "/gallery", "", anyone(200), Keys::None),
    row(
        "get /join",
        "/join?secret=guessed",
        "",
        anyone(303),
        Keys::Any,
    ),
    row("get /join", "/join", "", anyone(404), Keys::Any),
    row(
        "get /sign-in",
        "/sign-in",
        "",
        [200, 200, 200, 303, 303, 303],
        Keys::None,
    ),
    row(
        "get /sign-in/oidc",
        "/sign-in/oidc",
        "",
        anyone(303),
        Keys::Any,
    ),
    row(
        "get /sign-in/oidc/callback",
        "/sign-in/oidc/callback?code=guessed&state=guessed",
        "",
        anyone(303),
        Keys::Any,
    ),
    row(
        "get /sign-in/oidc/out",
        "/sign-in/oidc/out",
        "",
        anyone(303),
        Keys::Any,
    ),
    row("get /welcome", "/welcome", "", anyone(303), Keys::None),
    // server functions; passwords here are wrong, which any caller who may try is told
    function(
        "post /fn/account/welcome",
        "email=eve%40example.org&password=correct+horse",
        anyone(422),
    ),
    function(
        "post /fn/account/sign-in",
        "email=eve%40example.org&password=wrong+horse",
        anyone(422),
    ),
    function("post /fn/account/confirm", "password=wrong+horse", own(422)),
    function("post /fn/account/sign-out", "-", own(200)),
    function("post /fn/account/sign-out-everywhere", "-", own(200)),
    function("post /fn/account/erase", "password=wrong+horse", own(422)),
    function(
        "post /fn/account/password",
        "password=wrong+horse&new_password=battery+staple",
        own(422),
    ),
    function("post /fn/account/end-session", "id=guessed", own(200)),
    function(
        "post /fn/approvals/decide",
        "entry_id={question}&decision=once",
        owned(200),
    ),
    function("post /fn/approvals/revoke", "tool=write_note", own(200)),
    function("post /fn/approvals/seen", "-", own(200)),
    function(
        "post /fn/conversations/rename",
        "conversation_id={conversation}&title=x",
        owned(200),
    ),
    function(
        "post /fn/conversations/keep",
        "conversation_id={conversation}&kept=true",
        owned(200),
    ),
    function(
        "post /fn/conversations/delete",
        "conversation_id={conversation}",
        owned(200),
    ),
    function(
        "post /fn/holds/place",
        "email={email}&reason=about+{person}",
        admins(404, 200),
    ),
    function("post /fn/holds/release", "id=guessed", admins(404, 404)),
    function("post /fn/keys/create", "name=x", own(200)),
    function("post /fn/keys/revoke", "id={key}", owned(200)),
    function("post /fn/page/sign-in", "-", anyone(200)),
    function("post /fn/page/confirm", "-", own(200)),
    function("post /fn/page/conversations", "-", own(200)),
    function("post /fn/page/settings", "-", own(200)),
    function("post /fn/page/stats", "days=7&plan=true", admins(404, 200)),
    function("post /fn/page/holds", "-", admins(404, 200)),
    function("post /fn/page/people", "-", admins(404, 200)),
    function("post /fn/page/audit", "-", admins(404, 200)),
    function("post /fn/page/join", "-", anyone(404)),
    function("post /fn/page/chat", "part[none]=1", own(200)),
    function(
        "post /fn/page/chat",
        "conversation_id={conversation}&part[none]=1",
        owned(200),
    ),
    function(
        "post /fn/page/earlier",
        "conversation_id={conversation}&before={message}",
        owned(200),
    ),
    function(
        "post /fn/people/invite",
        "email={invited}",
        admins(404, 200),
    ),
    function("post /fn/people/password", "id={person}", admins(404, 200)),
    function(
        "post /fn/people/withdraw",
        "email={invited}",
        admins(404, 200),
    ),
    function(
        "post /fn/people/admin",
        "id={person}&admin=true",
        admins(404, 200),
    ),
    function(
        "post /fn/people/disable",
        "id={person}&disabled=true",
        admins(404, 200),
    ),
    function(
        "post /fn/people/erase",
        "id={person}&email={email}",
        admins(404, 200),
    ),
    function(
        "post /fn/people/join",
        "secret=guessed&password=correct+horse",
        anyone(404),
    ),
    function("post /fn/retention/run", "-", admins(404, 200)),
    function("post /fn/settings/detail", "detail=quiet", own(200)),
    function("post /fn/turns/send", "content=x", own(200)),
    function(
        "post /fn/turns/send",
        "conversation_id={conversation}&content=x",
        owned(200),
    ),
    function(
        "post /fn/turns/edit",
        "conversation_id={conversation}&message_id={message}&content=x",
        owned(200),
    ),
    function(
        "post /fn/turns/stop",
        "conversation_id={conversation}",
        owned(200),
    ),
    function(
        "post /fn/turns/retry",
        "conversation_id={conversation}",
        owned(200),
    ),
    function("post /fn/work-log/feed", "-", own(200)),
    function(
        "post /fn/work-log/feed",
        "conversation_id={conversation}",
        owned(200),
    ),
    function(
        "post /fn/work-log/history",
        "query[archive]=false",
        own(200),
    ),
    function(
        "post /fn/work-log/keep",
        "entry_id={entry}&kept=true",
        owned(200),
    ),
    function("post /fn/work-log/delete", "entry_id={entry}", owned(200)),
];
