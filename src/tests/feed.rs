//! One stream's loop without a network.

use super::support::TestApp;
use crate::{
    domain::{Cursor, Scopes},
    server::{
        base::new_id,
        feed::{Stream, StreamContext, StreamRequest, Timing},
        store::heads,
    },
};

#[tokio::test]
async fn access_revoked_before_the_subscription_ends_the_stream_at_once() {
    let TestApp { app, .. } = &TestApp::start().await;
    let user = new_id::user(app.clock.now());
    let context = StreamContext {
        store: app.store.clone(),
        feed: app.feed.clone(),
        wakes: app.store.wakeups().subscribe(user),
        shutdown: app.shutdown.clone(),
        permit: app.stream_limiter.acquire(user, 0).unwrap(),
        access: Box::new(|| Box::pin(async { false })),
        frames: app.metrics.frames.clone(),
    };
    let rev = heads::find(&mut app.store.read().await.unwrap(), user)
        .await
        .unwrap()
        .head;
    let request = StreamRequest {
        user,
        only: None,
        scopes: Scopes::ALL,
        cursor: Cursor {
            epoch: app.store.epoch(),
            rev,
        },
    };
    let mut stream = Stream::new(context, request, Timing::default());
    let frame = stream.next().await.unwrap();
    assert!(
        std::str::from_utf8(&frame)
            .unwrap()
            .contains("event: auth\n")
    );
    assert_eq!(stream.next().await, None);
}
