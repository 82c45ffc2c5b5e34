//! Every route and layer on one screen.

use super::{
    confirmation,
    cookies::{self, INVITATION},
    extract::{json_body::BODY_MAX_BYTES, message_body::FORM_MAX_BYTES},
    middleware::{
        allowed_host, form_errors, identity, request_limit, request_metrics, same_origin,
        security_headers, sign_in_first, untrusted_proxy,
    },
    problem::Problem,
    redirects, request_id,
    routes::{
        approvals, audit, cleanup, conversations, create, entry, export, files, health, list,
        messages, openapi, provider_sign_in, stats, stream,
    },
    scopes, style,
};
use crate::{
    domain::error::ApiError,
    server::{
        base::{error::Error, log_targets},
        state::App,
    },
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use axum_extra::extract::CookieJar;
use leptos::prelude::*;
use tower_http::{CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer};

/// The server's router; `document` renders a page.
pub fn router<Page>(app: App, document: fn() -> Page) -> Router
where
    Page: IntoView + Send + 'static,
{
    // fails if another router of this process has initialised it already
    _ = any_spawner::Executor::init_tokio();
    let routes = Router::new()
        .merge(http_api())
        .merge(pages(&app, document))
        .route("/sign-in/oidc", get(provider_sign_in::start))
        .route("/sign-in/oidc/callback", get(provider_sign_in::callback))
        .route("/sign-in/oidc/out", get(provider_sign_in::sign_out))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/openapi.json", get(openapi::openapi))
        .route("/metrics", get(health::metrics));
    layered(routes, app)
}

/// Adds the layers, the outermost last. The response of a route that panics passes them too.
pub(crate) fn layered(routes: Router<App>, app: App) -> Router {
    let https = security_headers::Https(app.config.is_https());
    routes
        .layer(compression())
        .merge(stream_routes())
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(from_fn_with_state(app.clone(), form_errors::layer))
        .layer(from_fn_with_state(app.clone(), request_limit::layer))
        .layer(from_fn(scopes::layer))
        .layer(from_fn_with_state(app.clone(), identity::layer))
        .layer(from_fn_with_state(app.clone(), same_origin::layer))
        .merge(static_files(&app).layer(compression()))
        .layer(from_fn_with_state(app.clone(), allowed_host::layer))
        .layer(from_fn_with_state(app.clone(), untrusted_proxy::layer))
        .layer(CatchPanicLayer::custom(
            |_: Box<dyn std::any::Any + Send>| panic_response(),
        ))
        .layer(from_fn_with_state(https, security_headers::layer))
        .layer(from_fn_with_state(app.clone(), request_metrics::layer))
        .layer(from_fn(request_id::layer))
        .with_state(app)
}

/// For pages and style sheets of this size, brotli at level 6 is as fast as at its default of 4 and
/// makes them a tenth smaller.
fn compression() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Precise(6))
}

fn http_api() -> Router<App> {
    Router::new()
        .route("/api/work-log/create", post(create::create))
        .route("/api/work-log/list", get(list::list))
        .route("/api/work-log/export", get(export::export))
        .route(
            "/api/work-log/cleanup",
            post(cleanup::cleanup).get(cleanup::cleanup),
        )
        .route("/api/work-log/stats", get(stats::stats))
        .route("/api/audit", get(audit::list))
        .route(
            "/api/work-log/{id}",
            get(entry::read).patch(entry::patch).delete(entry::delete),
        )
        .route(
            "/api/conversations",
            get(conversations::list).post(conversations::create),
        )
        .route(
            "/api/conversations/{id}",
            get(conversations::read)
                .patch(conversations::rename)
                .delete(conversations::delete),
        )
        .route(
            "/api/conversations/{id}/messages",
            with_files(post(messages::send)),
        )
        .route("/messages", with_files(post(messages::send_form)))
        .route(
            "/api/conversations/{id}/regenerate",
            post(messages::regenerate),
        )
        .route("/api/conversations/{id}/stop", post(messages::stop))
        .route(
            "/api/conversations/{id}/approvals/{entry}",
            post(approvals::decide),
        )
        .route(
            "/api/{*rest}",
            get(no_such_address)
                .post(no_such_address)
                .patch(no_such_address)
                .delete(no_such_address),
        )
        .route("/files/{id}", get(files::read))
        .method_not_allowed_fallback(wrong_method)
}

fn stream_routes() -> Router<App> {
    Router::new()
        // not compressed: the buffers of a compressor would be most of an idle stream's memory
        .route("/api/work-log/stream", get(stream::stream))
        .method_not_allowed_fallback(wrong_method)
}

/// A route with the body limit of file uploads.
fn with_files(route: MethodRouter<App>) -> MethodRouter<App> {
    route.layer(DefaultBodyLimit::max(FORM_MAX_BYTES))
}

/// Server functions and pages. Their context has the running server; that of pages also the nonce,
/// the theme and the level of detail.
fn pages<Page>(app: &App, document: fn() -> Page) -> Router<App>
where
    Page: IntoView + Send + 'static,
{
    Router::new()
        .route("/fn/{*path}", post(server_function).get(server_function))
        .route(
            "/join",
            get(move |app: State<App>, jar: CookieJar, request: Request| {
                open_invitation(app, jar, request, document)
            }),
        )
        .fallback(move |app: State<App>, jar: CookieJar, request: Request| {
            page(app, jar, request, document)
        })
        .layer(from_fn_with_state(app.clone(), sign_in_first::layer))
}

/// A server function. Its redirect may be the `Referer` of the request; only the path of that is
/// used.
async fn server_function(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Some(refusal) = confirmation::refusal(&app, &parts).await {
        return refusal;
    }
    let request = Request::from_parts(parts, body);
    let context = move || provide_context(app.clone());
    let mut response = leptos_axum::handle_server_fns_with_context(context, request)
        .await
        .into_response();
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        return client_error(response).await;
    }
    if let Some(location) = response.headers_mut().get_mut(header::LOCATION) {
        let path = redirects::page_path(location.to_str().unwrap_or_default());
        *location = HeaderValue::from_str(&path).unwrap_or(HeaderValue::from_static("/"));
    }
    response
}

/// Arguments that cannot be read are reported by the library as a failure of the server.
async fn client_error(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX_BYTES).await;
    let body = body.unwrap_or_default();
    if let Ok(ApiError::Refused(_)) = serde_json::from_slice(&body) {
        parts.status = StatusCode::BAD_REQUEST;
    }
    Response::from_parts(parts, body.into())
}

async fn page<Page>(
    State(app): State<App>,
    jar: CookieJar,
    request: Request,
    document: fn() -> Page,
) -> Response
where
    Page: IntoView + Send + 'static,
{
    let failure = form_errors::failure(&app, &jar, request.uri());
    let nonce = request.extensions().get::<leptos::nonce::Nonce>().cloned();
    let (theme, detail) = (cookies::theme(&jar), cookies::detail(&jar));
    let context = move || {
        provide_context(app.clone());
        nonce
            .clone()
            .inspect(|nonce| provide_context(nonce.clone()));
        failure
            .clone()
            .inspect(|failure| provide_context(failure.clone()));
        theme.inspect(|theme| provide_context(*theme));
        detail.inspect(|detail| provide_context(*detail));
    };
    leptos_axum::render_app_async_with_context(context, document)(request).await
}

/// An invitation's link: its secret moves from the address, which logs and histories keep, to a
/// cookie.
async fn open_invitation<Page>(
    app: State<App>,
    jar: CookieJar,
    request: Request,
    document: fn() -> Page,
) -> Response
where
    Page: IntoView + Send + 'static,
{
    let address = request
        .uri()
        .path_and_query()
        .map_or("", |address| address.as_str());
    match redirects::parameter(address, "secret").filter(|secret| is_cookie_value(secret)) {
        Some(secret) => {
            let cookie = INVITATION.set(app.config.is_https(), secret);
            (jar.add(cookie), Redirect::to("/join")).into_response()
        }
        None => page(app, jar, request, document).await,
    }
}

/// Whether a text may be a cookie's value as it is, like every secret of an invitation.
fn is_cookie_value(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The built site and the style sheets.
fn static_files(app: &App) -> Router<App> {
    let site = super::assets::service(&app.site);
    Router::new()
        .route(&style::CHAT.address, get(|| style_sheet(&style::CHAT)))
        .route(&style::PAGES.address, get(|| style_sheet(&style::PAGES)))
        .route_service("/pkg/{*path}", site.clone())
        .route_service("/samples/{*path}", site.clone())
        .route_service("/icons.svg", site.clone())
        .route_service("/favicon.svg", site)
}

async fn style_sheet(sheet: &'static style::Sheet) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, sheet.text.as_str())
}

async fn no_such_address() -> Problem {
    Error::NotFound("address").into()
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this address does not support that method",
    )
}

fn panic_response() -> Response {
    tracing::error!(target: log_targets::HTTP_ROUTER, "a request panicked");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "something went wrong on the server; find the request's id in the server's log",
    )
    .into_response()
}
