//! `GET /api/work-log/stream`: Server-Sent Events. A well-formed request always gets status 200,
//! because EventSource does not reconnect after any other.

use crate::{
    domain::{Cursor, ids::ConversationId},
    server::{
        base::error::Error,
        feed::{
            AUTH_RETRY_MS, Access, Position, Stream, StreamContext, StreamRequest, Timing,
            check_cursor, final_event,
        },
        http::{
            extract::params::Params,
            extract::{Credential, Identity},
            problem::{ApiResult, Problem},
        },
        state::App,
        store::conversations,
    },
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::stream::unfold;
use serde_json::json;
use std::time::Duration;

/// Delay before a client with too many streams reconnects.
const BUSY_RETRY_MS: u64 = 30_000;

/// Opens a stream.
pub async fn stream(
    State(app): State<App>,
    identity: Option<Identity>,
    headers: HeaderMap,
    mut params: Params,
) -> ApiResult {
    let only: Option<ConversationId> = params.take("conversationId");
    let after: Option<Cursor> = params.take("after");
    params.finish()?;
    let cursor = last_event_id(&headers)?.or(after);
    let Some(identity) = identity else {
        return Ok(single_event(final_event("auth", AUTH_RETRY_MS, &json!({}))));
    };
    let user = identity.account.id;
    let Some(permit) = app.stream_limiter.acquire(user, app.limits.streams) else {
        return Ok(single_event(final_event("busy", BUSY_RETRY_MS, &json!({}))));
    };
    let wakes = app.store.wakeups().subscribe(user);
    let mut reader = app.store.read().await?;
    if let Some(id) = only {
        conversations::find(&mut reader, user, id)
            .await?
            .ok_or(Error::NotFound("conversation"))?;
    }
    let cursor = match check_cursor(&app.store, &mut reader, user, cursor).await? {
        Position::At(cursor) => cursor,
        Position::Reset(reason) => {
            return Ok(single_event(final_event(
                "reset",
                app.timing.retry_ms,
                &json!({ "reason": reason }),
            )));
        }
    };
    drop(reader);
    let mut timing = with_jitter(app.timing);
    if let Some(expires_at) = identity.expires_at {
        let left_ms = expires_at.since(app.clock.now()).max(0).unsigned_abs();
        timing.life = timing.life.min(Duration::from_millis(left_ms));
    }
    let context = StreamContext {
        store: app.store.clone(),
        feed: app.feed.clone(),
        wakes,
        shutdown: app.shutdown.clone(),
        permit,
        access: access(app.clone(), identity.credential),
        frames: app.metrics.frames.clone(),
    };
    let stream = Stream::new(
        context,
        StreamRequest {
            user,
            only,
            scopes: identity.scopes,
            cursor,
        },
        timing,
    );
    let frames = unfold(stream, |mut stream| async move {
        stream
            .next()
            .await
            .map(|bytes| (Ok::<_, std::convert::Infallible>(bytes), stream))
    });
    Ok(event_stream(Body::from_stream(frames)))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Cursor>, Problem> {
    let Some(value) = headers
        .get("last-event-id")
        .filter(|value| !value.is_empty())
    else {
        return Ok(None);
    };
    let cursor = value.to_str().ok().and_then(|text| text.parse().ok());
    cursor
        .map(Some)
        .ok_or_else(|| Problem::unreadable("Last-Event-ID must be a cursor sent by the server"))
}

/// Randomises the lifetime by ±20 %, so that clients do not all reconnect at once.
fn with_jitter(timing: Timing) -> Timing {
    let mut random = [0; 4];
    getrandom::fill(&mut random).expect("the operating system provides randomness");
    let factor = 0.8 + 0.4 * f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
    Timing {
        life: timing.life.mul_f64(factor),
        ..timing
    }
}

fn access(app: App, credential: Credential) -> Access {
    Box::new(move || {
        let (app, credential) = (app.clone(), credential.clone());
        Box::pin(async move { matches!(credential.identity(&app).await, Ok(Some(_))) })
    })
}

/// A stream that ends after one event.
fn single_event(event: String) -> Response {
    event_stream(Body::from(event))
}

fn event_stream(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-transform"),
    );
    headers.insert(
        header::HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}
